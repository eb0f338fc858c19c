/** What a remapping unit makes of a request. */
export enum Translation {
  blocked = 0,
  /** as it came */
  unchanged = 1,
  remapped = 2,
  /** to be posted */
  posted = 3,
}
