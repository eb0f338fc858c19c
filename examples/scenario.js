// A level-triggered interrupt that two devices share is moved to another CPU while its first handler runs: register by register,
// as an operating system would. The host is the program.
import { Machine } from 'irqlab';

const LAPIC = 0xfee00000;
const SVR = 0xf0;
const EOI = 0xb0;
/** first of an RTE's two registers */
const RTE = (/** @type {number} */ pin) => 0x10 + 2 * pin;
const LEVEL = 0x8000;
const MASKED = 0x10000;

/**
 * Plays the scenario and says what happened.
 *
 * @param {import('irqlab').ModuleSource} [module] the WebAssembly module; left out, the one beside the package
 * @returns {Promise<{ lines: string[], digest: string }>}
 */
export async function play(module) {
  const machine = await Machine.create({ cpus: 2, seed: 1, jitter: true, ...(module && { module }) });
  const [first, second] = [machine.cpu(0), machine.cpu(1)];
  const ioapic = machine.ioapic(0);
  /** @type {string[]} */
  const lines = [];
  const say = (/** @type {string} */ text) => lines.push(`${String(machine.now).padStart(8)}  ${text}`);

  // CPU 0 starts CPU 1; both enable their Local APIC
  first.writeMmio(LAPIC + 0x310, 1 << 24, 4);
  first.writeMmio(LAPIC + 0x300, 0x4608, 4);
  machine.settle();
  say(`CPU 1 is ${second.state}, from 0x${(second.events.sipiVector << 12).toString(16)}`);
  for (const cpu of machine.cpus) cpu.writeMmio(LAPIC + SVR, 0x1ff, 4);

  // pin 9: level, vector 0x51, CPU 0; two devices pull
  ioapic.write(RTE(9) + 1, 0);
  ioapic.write(RTE(9), LEVEL | 0x51);
  ioapic.pin(9).set(true, 0);
  ioapic.pin(9).set(true, 1);
  machine.settle();
  say(`CPU 0 takes ${hex(first.acknowledge())}, RTE ${hex(ioapic.read(RTE(9)))}`);

  // moved to CPU 1 in the meantime: mask, high half, low half
  ioapic.write(RTE(9), MASKED | LEVEL | 0x51);
  ioapic.write(RTE(9) + 1, 1 << 24);
  ioapic.write(RTE(9), LEVEL | 0x51);
  ioapic.pin(9).set(false, 0);
  first.writeMmio(LAPIC + EOI, 0, 4);
  machine.settle();
  say(`the other device still pulls: CPU 1 takes ${hex(second.acknowledge())}`);
  ioapic.pin(9).set(false, 1);
  second.writeMmio(LAPIC + EOI, 0, 4);
  machine.settle();
  say(`at rest: RTE ${hex(ioapic.read(RTE(9)))}, in service ${JSON.stringify(machine.cpus.map((cpu) => cpu.isr))}`);
  for (const { time, kind, cpu, vector } of machine.events())
    if (kind === 'accept') lines.push(`${String(time).padStart(8)}  accepted by CPU ${cpu}: ${hex(vector)}`);
  return { lines, digest: machine.digest() };
}

const hex = (/** @type {number | undefined} */ value) => (value === undefined ? 'nothing' : `0x${value.toString(16)}`);
