/** Where hardware.md wants something else than KVM does. Each row is one kind of operation and one register or field. */

export interface Seen {
  /** the line that made the machine */
  readonly machine: string;
  readonly line: string;
  readonly op: string;
  readonly field: string;
  readonly kvm: unknown;
  readonly ours: unknown;
}

export interface Difference {
  readonly op: readonly string[];
  readonly field: RegExp;
  readonly when: (seen: Seen) => boolean;
  /** what differs, and the section that wants it so */
  readonly why: string;
}

export const differences: readonly Difference[] = [];
