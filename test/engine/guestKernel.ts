/**
 * A small host of one guest whose interrupts an AMD-Vi unit posts (hardware.md F.3.3): its vCPU runs on CPU 1 and halts, or is woken by the
 * log of guests; with steps that are right or wrong.
 */
import { Assembler, Declarations, eq, ne, programSetup, SELF, type Builder } from '../../src/kernel/index.js';
import type { BuiltModel, KernelModel, Placement } from '../../src/kernel/model/index.js';
import type { MachineSize } from '../../src/kernel/index.js';

export interface GuestBehaviours {
  /** the vCPU halts: its entry says so, and it looks at its vAPIC once more; it looks first; its entry does not ask for the log */
  readonly halt?: 'right' | 'look-first' | 'silent';
  /**
   * the vCPU starts: its entry says where it runs, then it looks at its vAPIC; it looks first; its entry names another CPU; the bit that asks
   * for the log is cleared until it halts
   */
  readonly start?: 'right' | 'look-first' | 'elsewhere' | 'without-log';
  /**
   * the log's interrupt: the status is cleared, and what is in the log is read, and behind an overflow every vCPU is woken; the other way
   * round; none is woken for the overflow; the overflow is left as it is
   */
  readonly log?: 'right' | 'clear-last' | 'overflow-forgotten' | 'overflow-stays';
  /** what was the host's becomes the guest's by one store of 16 bytes, or by two of 8 */
  readonly activate?: 'whole' | 'low-first';
  /** the page of the vAPIC is where no memory is */
  readonly page?: 'nowhere';
}

const COMPLETION_WAIT = 0x10000001;
const INVALIDATE_INTERRUPT_TABLE = 0x50000000;
/** Bits of an entry's low half (F.3.2). */
const [REMAP_EN, LOGS, RUNS, GUEST] = [0x1, 0x4, 0x40, 0x80];
/** Bits of the status register (F.1). */
const [GA_LOG_OVERFLOW, GA_LOG_INT] = [0x200, 0x400];
/** Vectors of the log's interrupt, of the device as the host's, of the device as the guest's; the guest's tag; the vCPU's CPU. */
const [LOG, HOST, VECTOR, TAG, VCPU] = [0x10, 0x21, 0x31, 0x77, 1];
/** Where the word of the IRR is that has the guest's vector. */
const IRR = 0x200 + 16 * (VECTOR >>> 5);
/** `Declarations` place what units see from here on. */
const PAGE_MASK = 0xfffff000;

export function guestKernel(behaviours: GuestBehaviours = {}): KernelModel {
  return { name: 'guest', behaviours: [], build: (size, placement) => build(behaviours, size, placement) };
}

function build(behaviours: GuestBehaviours, machineSize: MachineSize, placement: Placement): BuiltModel {
  const { halt = 'right', start = 'right', log = 'right', activate = 'whole', page } = behaviours;
  const { apicIds, devices, operations } = placement;
  const size = { ...machineSize, irtes: 4 };
  const d = new Declarations();
  const irte = d.variable('irte', 'u32', ['irte', 'word'], { dma: true, visible: true });
  const virr = d.variable('virr', 'u32', ['word'], { dma: { offset: IRR }, visible: true });
  const doorbell = d.variable('doorbell', 'bool', ['cpu'], { dma: true });
  const status = d.variable('sem', 'u32', ['cpu', 'word'], { dma: true, bits: 1 });
  const image = d.variable('irte_image', 'u32', ['cpu', 'word'], { local: true });
  const served = d.variable('served', 'bool', []);
  const root = d.variable('root', 'u32', [], { class: 'fixed' });
  const requester = d.variable('requester', 'u16', [], { class: 'fixed' });
  const k = new Assembler(d);

  /** Whether and where the vCPU runs needs no invalidation, all else does (F.4). */
  const runs = (b: Builder): void => {
    const cpu = start === 'elsewhere' ? b.let('cpu', 0) : b.selfValue();
    const low = b.or('u32', b.shl('u32', b.constant('apicId', cpu), 8), REMAP_EN | GUEST | RUNS | (start === 'without-log' ? 0 : LOGS));
    b.storePair(irte, 0, 0, [low, TAG], { note: 'entry: the vCPU runs here' });
  };
  const halts = (b: Builder): void => {
    const low = REMAP_EN | GUEST | (halt === 'silent' ? 0 : LOGS);
    b.storePair(irte, 0, 0, [low, TAG], { note: 'entry: the vCPU does not run' });
  };
  /** What the core does at VMRUN and at a doorbell: a pending interrupt is taken. */
  const evaluate = k.routine('evaluate_virr', {}, (b) => {
    b.if(ne(b.load(virr, [0]), 0), () => {
      b.store(virr, [0], 0, 'the guest takes its interrupt');
      b.serve(0, 0);
      b.store(served, [], 1);
    });
  });
  /** Until the guest has halted with nothing pending. */
  const haltVcpu = k.routine('halt_vcpu', {}, (b) => {
    b.loop(() => {
      if (halt === 'look-first') {
        b.call(evaluate, {});
        halts(b);
        b.return();
        return;
      }
      halts(b);
      b.if(eq(b.load(virr, [0], 'the vAPIC once more'), 0), () => b.return());
      runs(b);
      b.call(evaluate, {});
    });
  });
  const startVcpu = k.routine('start_vcpu', {}, (b) => {
    if (start === 'look-first') b.call(evaluate, {});
    runs(b);
    if (start !== 'look-first') b.call(evaluate, {});
  });
  const woken = k.routine('vcpu_woken', {}, (b) => {
    b.call(startVcpu, {});
    b.call(haltVcpu, {});
    b.end();
  });
  /** A guest that waits for its first interrupt without halting. */
  const run = k.routine('vcpu_run', { op: 'u8' }, (b, { op }) => {
    b.call(startVcpu, {});
    b.while(
      () => eq(b.load(served, []), 0),
      () => {
        b.waitEq(doorbell, [SELF], 1, 'the guest runs, until a doorbell rings');
        b.store(doorbell, [SELF], 0);
        b.call(evaluate, {});
      },
    );
    b.call(haltVcpu, {});
    b.opEnd(op);
    b.end();
  });
  const activation = k.routine('activate_guest_mode', { op: 'u8' }, (b, { op }) => {
    const [low, high] = [REMAP_EN | GUEST | LOGS, b.or('u32', b.load(root, []), VECTOR)];
    if (activate === 'whole') {
      [low, TAG, high, 0].forEach((word, i) => b.store(image, [SELF, i], word));
      b.storeRow(irte, 0, image, SELF, 'entry: the guest has it');
    } else {
      b.storePair(irte, 0, 0, [low, TAG], { note: 'entry, low half: the guest has it' });
      b.storePair(irte, 0, 2, [high, 0], { note: 'entry, high half: its vector and its page' });
    }
    b.store(status, [SELF, 0], 0);
    b.atomic(() => {
      b.queuePut(0, INVALIDATE_INTERRUPT_TABLE, b.let('u32', b.load(requester, [])));
      b.queuePut(0, COMPLETION_WAIT, 1, [status, SELF]);
      b.queueTail(0);
    });
    b.waitEq(status, [SELF, 0], 1);
    b.opEnd(op);
    b.end();
  });
  const logInterrupt = k.routine('ga_log_interrupt', { vector: 'vector' }, (b) => {
    b.lapicWrite('eoi', 0);
    const bits = b.unitRead(0, 'status');
    const clear = (): void => b.unitStatus(0, log === 'overflow-stays' ? GA_LOG_INT : bits, 'status: what it says is cleared');
    if (log !== 'clear-last') clear();
    b.while(
      () => ne(b.unitRead(0, 'logWaiting'), 0),
      () => {
        const tag = b.unitRead(0, 'logTag');
        b.unitLogHead(0);
        b.if(eq(tag, TAG), () => b.wake(VCPU, 'thread', woken));
      },
    );
    if (log === 'clear-last') clear();
    if (log === 'right')
      b.if(ne(b.and('u32', bits, GA_LOG_OVERFLOW), 0), () => b.wake(VCPU, 'thread', woken, undefined, 'whoever may have been forgotten'));
    b.iret();
  });
  const hostInterrupt = k.routine('host_interrupt', { vector: 'vector' }, (b) => {
    b.lapicWrite('eoi', 0);
    b.serve(0, 0);
    b.iret();
  });
  for (const routine of [run, activation, woken]) k.entry(routine);
  for (const routine of [logInterrupt, hostInterrupt]) k.interruptEntry(routine);
  const program = k.assemble(size);
  const { labels, entries, variables, fingerprint } = program;
  const entry = (name: string): number => entries.get(name) ?? 0;
  const routines = { move: 'vcpu_run', disable: 'activate_guest_mode' } as const;
  return {
    program: programSetup(program, d, size, {
      handlers: new Map([
        [LOG, entry('ga_log_interrupt')],
        [HOST, entry('host_interrupt')],
      ]),
      doorbell,
    }),
    labels,
    variables,
    fingerprint,
    operations: operations.flatMap(({ on, pause, kind }) =>
      kind === 'move' || kind === 'disable'
        ? [{ entry: entry(routines[kind]), cpu: kind === 'move' ? VCPU : on, pause, args: [0, 0] as const }]
        : [],
    ),
    systemVectors: [LOG],
    irtes: 1,
    disagreement: () => undefined,
    slots: () => [],
    boot: (machine) => {
      const isHost = operations.some(({ kind }) => kind === 'disable');
      const at = page === 'nowhere' ? 0x7f000000 : machine.guestAddress(virr.slot) & PAGE_MASK;
      const words = isHost ? [REMAP_EN, 0, HOST, 0] : [REMAP_EN | GUEST | LOGS, TAG, (VECTOR | at) >>> 0, 0];
      words.forEach((word, w) => machine.setVariable(irte.slot, 0, w, word));
      machine.setVariable(root.slot, 0, 0, at >>> 0);
      machine.setVariable(requester.slot, 0, 0, devices[0]?.requester ?? 0);
      machine.setDevice(0, { control: 1, addrLo: 0xfee00000, addrHi: 0, data: 0 });
      machine.setAmdUnit(0, { table: irte.slot, stride: 64, size: 2, interrupt: { apicId: apicIds[0] ?? 0, vector: LOG } });
      apicIds.forEach((_, c) => machine.setCpu(c, { svr: 0x1ff, tpr: 0, run: 'running', interruptsOn: true }));
    },
  };
}
