/** Which properties the step that runs now has broken: a mask over `Property`, cleared by whoever runs the step. */

export let violations: u32 = 0;

/** What was said to lack progress: a bit for each of the first 32 (sources, where a judge of the kernel says so). */
export let lagging: u32 = 0;

export function clearViolations(): void {
  violations = 0;
  lagging = 0;
}

export function violateProgress(which: u32): void {
  lagging |= 1 << (which & 31);
}

export function violate(property: u32): void {
  violations |= 1 << (property & 31);
}

/** What a micro-program did that none may do (`Fault`), where: never a trap of the module. */
export let fault: u32 = 0;
export let faultPc: u32 = 0;

export function clearFault(): void {
  fault = 0;
  faultPc = 0;
}

export function raiseFault(kind: u32, pc: u32): void {
  if (fault == 0) {
    fault = kind;
    faultPc = pc;
  }
}

/** Set when INIT has hit a CPU that ran: what it had done or not done by then is lost, so the order of its private steps shows. */
export let cutShort: bool = false;

export function setCutShort(on: bool): void {
  cutShort = on;
}

/** Set when a state cannot be held by an image: a vector outside of the universe, a value wider than declared. */
export let outside: bool = false;

export function setOutside(on: bool): void {
  outside = on;
}
