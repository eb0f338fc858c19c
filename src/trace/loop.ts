/** The loop that a reporter ran beside the trace: the lines show its effects, the mail's text tells what it was. */

/** A loop of: CPUs online, affinity of every irq to each mask in turn, the same CPUs offline. */
export interface Loop {
  /** CPUs of the machine, numbered from 0. */
  readonly cpus: number;
  /** CPUs that go online and offline, in order. */
  readonly toggled: readonly number[];
  /** CPU lists that are written to smp_affinity of every irq, in order. */
  readonly masks: readonly (readonly number[])[];
  /** Names of devices by irq number. */
  readonly devices: Readonly<Record<number, string>>;
}

/** Linux prints and takes CPU masks in hexadecimal: `A` is CPUs 1 and 3. */
export function cpusOfMask(hexadecimal: string): readonly number[] {
  const bits = BigInt(`0x${hexadecimal}`);
  const cpus: number[] = [];
  for (let cpu = 0; bits >> BigInt(cpu) > 0n; cpu++) if ((bits >> BigInt(cpu)) & 1n) cpus.push(cpu);
  return cpus;
}
