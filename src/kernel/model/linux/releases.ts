/** The versions of Linux that are models, apart from what they are. */

/** Versions with a table, in order; 6.12.117 is the one that was recorded. */
// prettier-ignore
export const versions: readonly string[] = [
  '4.19', '5.4', '5.5', '5.6', '5.8', '5.9', '5.14', '5.17', '6.1', '6.6', '6.7', '6.10', '6.12', '6.12.117', '6.15', '6.17', '6.19', '7.0',
];
