/** What happened in a step, in words, each in the column of the actor it happened to. */
import { Drop, InsnFlag, LapicReg, NONE, Note, Op, Property } from '../../core/index.js';
import type { EventRecord } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import { hex } from '../../words.js';
import {
  configText,
  describeAmdEvent,
  describeMessage,
  describeTarget,
  deviceOf,
  deviceOnPin,
  instructionAt,
  instructionOf,
  irqNumber,
  isAmd,
  isChipset,
  writeText,
} from '../names/index.js';
import type { ReplayedStep } from '../ways/index.js';

/** Column of a diagram: a CPU, a device or a remapping unit, by index. */
export type Lane = { readonly kind: 'cpu' | 'device' | 'iommu'; readonly index: number };

/** One entry of a diagram. */
export interface Line {
  readonly lane: Lane;
  /** routine the CPU is in, if it is its own doing */
  readonly routine: string | undefined;
  readonly text: string;
}

const drops: Readonly<Record<Drop, string>> = {
  [Drop.softwareDisabled]: 'dropped: the LAPIC is disabled',
  [Drop.noTarget]: 'dropped: no CPU has this APIC id',
  [Drop.illegalVector]: 'dropped: illegal vector',
  [Drop.noEffect]: 'dropped: no effect',
  [Drop.wildWrite]: 'written outside of the interrupt range',
  [Drop.disabledDevice]: 'dropped: MSI is disabled',
  [Drop.silenced]: 'dropped: the function may not send',
  [Drop.masked]: 'lost: it is masked',
};

/** Source of a message that is an IOAPIC's. */
const NO_SOURCE = 0xffffffff;

/** Micro-ops worth a line although no other actor sees them: they change what the CPU takes. */
const telling: ReadonlySet<number> = new Set([
  Op.cli,
  Op.sti,
  Op.restoreFlags,
  Op.delay,
  Op.park,
  Op.maskSet,
  Op.maskClear,
  Op.timerArm,
  Op.timerCancel,
]);

/** Those that an event of their own tells better. */
const toldElsewhere: ReadonlySet<number> = new Set([
  Op.cfgWrite,
  Op.mmioWrite,
  Op.ipi,
  Op.ipiInit,
  Op.ipiSipi,
  Op.serve,
  Op.flag,
  Op.note,
  Op.opEnd,
]);

/** The lines of one step. `all`: also of what no other actor sees. */
export function narrate(system: System, step: ReplayedStep, all = false): Line[] {
  const { names } = system;
  const lines: Line[] = [];
  const last = step.events.findLast((e) => e.kind === 'step');
  const routine = last && instructionAt(system, last.b).label?.routine;
  const cpu = (index: number, text: string, own = false): void => {
    lines.push({ lane: { kind: 'cpu', index }, routine: own ? routine : undefined, text });
  };
  const device = (source: number, text: string): void => {
    lines.push({ lane: { kind: 'device', index: deviceOf(system, source) }, routine: undefined, text });
  };
  const pin = (number: number | undefined, text: string): void => {
    lines.push({ lane: { kind: 'device', index: deviceOnPin(system, number) }, routine: undefined, text });
  };
  // of a device with several irqs, for which of them
  const forIrq = (source: number): string =>
    system.scenario.devices[deviceOf(system, source)]?.irqs.length === 1 ? '' : ` for irq ${names.irqs[source] ?? '?'}`;
  const iommu = (index: number, text: string): void => {
    lines.push({ lane: { kind: 'iommu', index }, routine: undefined, text });
  };
  const sender = ({ events }: ReplayedStep): string => {
    const root = events.find((e) => e.kind === 'root');
    if (root === undefined) return '';
    return root.a === NO_SOURCE ? 'IOAPIC, ' : `${names.devices[deviceOf(system, root.a)] ?? '?'}, `;
  };
  for (const e of step.events) {
    const byAmd = isAmd(system) ? describeAmdEvent(system, e, system.built.irtes ?? 0) : undefined;
    if (byAmd !== undefined) {
      iommu(e.a & 0xff, `${e.kind === 'remap' || e.kind === 'fault' ? sender(step) : ''}${byAmd}`);
      continue;
    }
    switch (e.kind) {
      case 'raise':
        device(e.a, `raises an event${forIrq(e.a)}`);
        break;
      case 'sample':
        device(e.a, `samples its message${forIrq(e.a)}: ${describeMessage(system, e.b, e.c)}`);
        break;
      case 'send':
        device(e.a, `sends what it sampled${forIrq(e.a)}: ${describeMessage(system, e.b, e.c)}`);
        break;
      case 'root':
        if (step.events.some((other) => other.kind === 'remap' || other.kind === 'fault')) break;
        if (e.a === NO_SOURCE) pin(undefined, 'message at the root complex');
        else device(e.a, 'message at the root complex');
        break;
      case 'remap':
        iommu(e.a, `${sender(step)}entry ${e.b}${e.c & 1 ? '' : ' (cached)'}: ${remapText(system, e)}`);
        break;
      case 'post':
        iommu(e.a & 0xff, postText(system, e));
        break;
      case 'fault':
        iommu(e.a, `${sender(step)}entry ${e.b & 0xffff}: blocked, fault reason ${hex(e.b >>> 16)}`);
        break;
      case 'invalidate':
        iommu(
          e.a,
          e.c === 0 ? 'drops all it has cached' : `drops entry ${e.b}${e.c > 1 ? ` to ${e.b + e.c - 1}` : ''} if it has it cached`,
        );
        break;
      case 'wait':
        iommu(e.a, 'writes the status of the wait');
        break;
      case 'evict':
        iommu(e.a, `entry ${e.b} leaves its cache`);
        break;
      case 'accept':
        cpu(e.a, `LAPIC: IRR[${hex(e.b)}] ${e.c ? 'is set already' : 'set'}`);
        break;
      case 'drop':
        if (e.c === Drop.disabledDevice || e.c === Drop.silenced || e.c === Drop.masked) device(e.a, drops[e.c]);
        else if (e.a === NONE)
          lines.push({ lane: { kind: 'device', index: 0 }, routine: undefined, text: `vector ${hex(e.b)} ${drops[e.c as Drop]}` });
        else cpu(e.a, `LAPIC: ${hex(e.b)} ${drops[e.c as Drop]}`);
        break;
      case 'acknowledge':
        cpu(e.a, `takes vector ${hex(e.b)}`);
        break;
      case 'doorbell':
        cpu(e.a, 'the doorbell rings');
        break;
      case 'timer':
        cpu(e.a, `timer ${system.built.program.timers?.[e.b]?.name ?? '?'} fires`);
        break;
      case 'eoi':
        cpu(e.a, e.b === 0 ? 'EOI with nothing in service' : `EOI ${hex(e.b)}`, true);
        break;
      case 'cfg':
        cpuOf(step, (c) => cpu(c, `${names.devices[e.a] ?? '?'} ${configText(system, e.b, e.c)}`, true));
        break;
      case 'pin':
        pin(e.a >>> 8, `pin ${e.a >>> 8} sends its message: ${describeMessage(system, e.b, e.c)}`);
        break;
      case 'broadcast':
        cpu(e.a, `EOI ${hex(e.b)} goes to the IOAPIC`, true);
        break;
      case 'retire':
        pin(undefined, `EOI ${hex(e.b)} at the IOAPIC: ${e.c === 0 ? 'no entry is in service with it' : 'Remote IRR cleared'}`);
        break;
      case 'access':
        cpuOf(step, (c) => cpu(c, accessText(system, e), true));
        break;
      case 'table':
        lines.push({ lane: { kind: 'device', index: e.a }, routine: undefined, text: writeText(system, e.b, e.c) });
        break;
      case 'ipi':
        cpu(e.a, ipiText(system, e), true);
        break;
      case 'serve':
        cpu(e.c, `handler of ${names.sources[e.a] ?? '?'} (irq ${names.irqs[e.a] ?? '?'}) runs`, true);
        break;
      case 'flag':
        cpu(e.c, e.b === Property.noStray ? `no irq handler for vector ${hex(e.a)}` : `${Property[e.b] ?? '?'} flagged`, true);
        break;
      case 'note':
        noteText(e, (text) => cpu(e.c, text, true));
        break;
      case 'opBegin':
        cpu(operationCpu(system, e.a), `begins: ${names.operations[e.a] ?? '?'}`);
        break;
      case 'opEnd':
        cpu(e.b, `done: ${names.operations[e.a] ?? '?'}`, true);
        break;
      case 'init':
        cpu(e.a, 'INIT: LAPIC reset');
        break;
      case 'step':
        stepText(system, step, e, all, (text) => cpu(e.a, text, true));
        break;
      default:
    }
  }
  return lines;
}

function operationCpu(system: System, operation: number): number {
  return system.built.operations[operation]?.cpu ?? 0;
}

function cpuOf(step: ReplayedStep, then: (cpu: number) => void): void {
  const instruction = instructionOf(step);
  if (instruction !== undefined) then(instruction.cpu);
}

/** What a unit makes of a request: where it goes, or what is to be posted. */
function remapText(system: System, { c }: EventRecord): string {
  return c & 2 ? `posts vector ${hex((c >>> 8) & 0xff)}` : describeTarget(system, c >>> 16, (c >>> 8) & 0xff);
}

/** A descriptor is updated (hardware.md E.2). */
function postText(system: System, { a, b }: EventRecord): string {
  const notified = b & 0x100 ? `notifies ${describeTarget(system, a >>> 8, (b >>> 16) & 0xff)}` : 'notifies nobody';
  return `PIR[${hex(b & 0xff)}] set, ${notified}`;
}

/** A write to a device in memory space. */
function accessText(system: System, { a, b, c }: EventRecord): string {
  const text = `${system.names.devices[a] ?? '?'} ${writeText(system, b, c, isChipset(system, a))}`;
  return isChipset(system, a) ? text : `posts a write: ${text}`;
}

function ipiText(system: System, { b, c }: EventRecord): string {
  const cpu = system.scenario.machine.cpus.findIndex((each) => each.apicId === b);
  const mode = (c >>> 8) & 7;
  const what = mode === 5 ? 'INIT' : mode === 6 ? 'SIPI' : `IPI ${hex(c & 0xff)}`;
  return `${what} to ${system.names.cpus[cpu] ?? `APIC id ${b}`}`;
}

function noteText({ a, b }: EventRecord, say: (text: string) => void): void {
  if (b === Note.swallowed) say(`vector ${hex(a)} swallowed`);
  if (b === Note.foreign) say('foreign: the vector carried another device’s event');
  if (b === Note.busy) say('move refused: the one before is not cleaned up');
  if (b === Note.leaked) say('the old vector is given up, still allocated');
}

function stepText(system: System, step: ReplayedStep, { b: pc, c: value }: EventRecord, all: boolean, say: (text: string) => void): void {
  const { op, label } = instructionAt(system, pc);
  const { code } = system.built.program;
  if (label === undefined || toldElsewhere.has(op)) return;
  if (op === Op.lapicWrite && code[pc * 4 + 1] === LapicReg.eoi) return;
  if (op === Op.cfgRead || op === Op.mmioRead || op === Op.pinRead) {
    if (step.visible) say(`${label.text}: ${hex(value)}`);
  } else if (op === Op.delay) say(step.events.some((e) => e.kind === 'complete') ? `${label.text} is over` : label.text);
  else if (op === Op.irrBit || op === Op.tmrBit) say(`${label.text}: ${value ? 'yes' : 'no'}`);
  else if (((code[pc * 4 + 3] ?? 0) & InsnFlag.visible) !== 0) say(withValue(system, pc, label.text, value));
  else if (!step.visible && (all || telling.has(op))) say(label.text);
}

/** A store with the value as its variable describes it: `vector_irq[self][vector] = irq 122`. */
function withValue(system: System, pc: number, text: string, value: number): string {
  const { code } = system.built.program;
  if (instructionAt(system, pc).op !== Op.store) return text;
  const variable = system.built.variables[(code[pc * 4 + 2] ?? 0) & 0xffff];
  const described = variable?.form === 'value' ? variable.describe?.(value) : undefined;
  return described === undefined ? text : text.replace(/ = [^=]*$/, ` = ${irqNumber(system, described)}`);
}
