/**
 * The protocol that irqlab and Spin are compared on, as a micro-program model: the two-register MSI update with migration
 * (linux.md 2.5) between two CPUs. `migrate.pml` beside this file is the same protocol in Promela, step for step.
 *
 * Irq i has a vector of its own on each CPU, `vectorLo + 2 * i + cpu`. A thread on the CPU that has the irq takes it to the
 * other one: it publishes the new vector there, rewrites the message without masking, sends again by IPI what arrived in
 * between, waits until nothing is on its way to the old vector any more, and frees that. `two-step` goes through a message
 * with the new vector and the old CPU, where a marked slot swallows it; `direct` does not, and address and data tear.
 */
import type { ProgramMachine, OperationSetup } from '../../src/machine/index.js';
import { Assembler, Declarations, eq, lt, programSetup, SELF, type MachineSize } from '../../src/kernel/index.js';
import type { BuiltModel, KernelModel, Placement } from '../../src/kernel/model/index.js';

export type Update = 'two-step' | 'direct';

/** Values of a slot of a vector table: empty, swallowing, and an irq's index + `FIRST`. */
const Slot = { UNUSED: 0, RETRIGGERED: 1, FIRST: 2 } as const;
const ADDRESS = 0xfee00000;
/** Fixed, edge, asserted (hardware.md C.3.2). */
const DATA = 0x4000;
/** An mdelay(1), cycles. */
const MILLISECOND = 3_000_000;

type Data = ReturnType<typeof declare>;

function declare() {
  const d = new Declarations();
  const descLock = d.lock('desc_lock', ['irq']);
  const vectorIrq = d.variable('vector_irq', 'u8', ['cpu', 'vector'], { bits: 4, visible: true });
  return { declarations: d, descLock, vectorIrq };
}

function routines(k: Assembler, d: Data, update: Update) {
  const writeMsg = k.routine('write_msg', { irq: 'irq', dest: 'cpu', vector: 'vector' }, (b, { irq, dest, vector }) => {
    const device = b.constant('deviceOf', irq);
    b.cfgWrite(device, 'addrLo', b.or('u32', b.shl('u32', b.constant('apicId', dest), 12), ADDRESS), 'MSI address');
    b.cfgWrite(device, 'data', b.or('u16', b.let('u16', vector), DATA), 'MSI data');
  });

  const migrate = k.routine('migrate_irq', { op: 'u8', irq: 'irq', to: 'cpu' }, (b, { op, irq, to }) => {
    const slots = b.add('vector', b.constant('vectorLo'), b.shl('vector', b.let('vector', irq), 1));
    const oldVector = b.add('vector', slots, SELF);
    const vector = b.add('vector', slots, b.let('vector', to));
    const flags = b.saveFlags();
    b.lock(d.descLock, [irq]);
    b.store(d.vectorIrq, [to, vector], b.add('u8', b.let('u8', irq), Slot.FIRST), 'the new vector, on the new CPU');
    if (update === 'two-step') {
      b.store(d.vectorIrq, [SELF, vector], Slot.RETRIGGERED, 'the new vector, on the old CPU');
      b.call(writeMsg, { irq, dest: b.selfValue(), vector });
    }
    b.call(writeMsg, { irq, dest: to, vector });
    if (update === 'two-step') {
      b.if(b.irrBit(vector, 'did one arrive here with the new vector?'), () => b.ipi(b.constant('apicId', to), vector, 're-trigger'));
    }
    b.unlock(d.descLock, [irq]);
    b.restoreFlags(flags);
    b.delay(MILLISECOND, 'until nothing is on its way to the old vector');
    b.store(d.vectorIrq, [SELF, oldVector], Slot.UNUSED, 'the old vector is free');
    if (update === 'two-step') b.store(d.vectorIrq, [SELF, vector], Slot.UNUSED, 'the mark is gone');
    b.opEnd(op);
    b.end();
  });

  const interrupt = k.routine('interrupt', { vector: 'vector' }, (b, { vector }) => {
    const slot = b.load(d.vectorIrq, [SELF, vector]);
    b.if(
      lt(slot, Slot.FIRST),
      () => {
        b.lapicWrite('eoi', 0);
        b.if(
          eq(slot, Slot.UNUSED),
          () => b.flag('noStray', vector, 'a vector without a handler'),
          () => b.store(d.vectorIrq, [SELF, vector], Slot.UNUSED, 'swallowed'),
        );
      },
      () => {
        const irq = b.let('irq', b.sub('u8', slot, Slot.FIRST));
        b.lock(d.descLock, [irq]);
        b.lapicWrite('eoi', 0);
        b.unlock(d.descLock, [irq]);
        b.serve(irq, 0);
      },
    );
    b.iret();
  });

  return { migrate, interrupt };
}

/** The model; `size` and `placement` are those of a scenario with irqs on CPU 0 at the vectors above, and moves only. */
export function peerModel(update: Update): KernelModel {
  const text = { 'two-step': 'through the new vector on the old CPU', direct: 'address, then data' }[update];
  return {
    name: `peer-${update}`,
    behaviours: [{ name: 'update', value: update, text, evidence: 'set' }],
    build: (size, placement) => build(update, size, placement),
  };
}

function build(update: Update, size: MachineSize, placement: Placement): BuiltModel {
  const data = declare();
  const k = new Assembler(data.declarations);
  const { migrate, interrupt } = routines(k, data, update);
  k.interruptEntry(interrupt);
  k.entry(migrate);
  const program = k.assemble(size);
  const entry = (name: string): number => program.entries.get(name) ?? 0;
  const vectors = Array.from({ length: size.vectorHi - size.vectorLo }, (_, i) => size.vectorLo + i);
  const slot = data.vectorIrq.slot;
  return {
    program: programSetup(program, data.declarations, size, {
      handlers: new Map(vectors.map((vector) => [vector, entry('interrupt')])),
    }),
    labels: program.labels,
    variables: program.variables,
    fingerprint: program.fingerprint,
    operations: placement.operations.flatMap((o) => (o.kind === 'move' ? [moveOperation(o.irq, o.to[0] ?? 0, entry('migrate_irq'))] : [])),
    systemVectors: [],
    boot: (machine) => boot(machine, slot, placement),
    disagreement: (machine, source) => {
      const { addrLo, data: word } = machine.msiOf(placement.irqs[source]?.device ?? 0);
      const cpu = placement.apicIds.indexOf((addrLo >>> 12) & 0xff);
      return machine.variable(slot, cpu, word & 0xff) === source + Slot.FIRST
        ? undefined
        : 'its message goes to a slot that is not its own';
    },
    slots: (machine, cpu) =>
      vectors
        .map((vector) => ({ vector, value: machine.variable(slot, cpu, vector) }))
        .filter(({ value }) => value !== Slot.UNUSED)
        .map(({ vector, value }) => ({ vector, text: value === Slot.RETRIGGERED ? 'RETRIGGERED' : `irq ${value - Slot.FIRST}` })),
  };
}

/** The thread runs on the CPU that has the irq: of two, the one it does not go to. */
function moveOperation(irq: number, to: number, entry: number): OperationSetup {
  return { entry, cpu: 1 - to, args: [irq, to], pause: 0 };
}

function boot(machine: ProgramMachine, slot: number, { apicIds, irqs }: Placement): void {
  irqs.forEach(({ device, cpu, vector }, i) => {
    machine.setVariable(slot, cpu, vector, i + Slot.FIRST);
    machine.setDevice(device, { control: 1, addrLo: ADDRESS + (apicIds[cpu] ?? 0) * 0x1000, addrHi: 0, data: DATA + vector });
  });
  apicIds.forEach((_, c) => machine.setCpu(c, { svr: 0x1ff, tpr: 0, run: 'running', interruptsOn: true }));
}
