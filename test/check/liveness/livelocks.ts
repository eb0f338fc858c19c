/** Kernels of a few lines for the tests of liveness: two tasks, one on each of two CPUs, and a handler. */
import {
  Assembler,
  Declarations,
  programSetup,
  type BuiltModel,
  type Builder,
  type KernelModel,
  type MachineSize,
  type Placement,
} from '../../../src/index.js';

function declare(d: Declarations) {
  const lock = d.lock('lock', []);
  return { lock, flag: d.variable('flag', 'bool', []), guarded: d.variable('guarded', 'bool', [], { lock }) };
}

type Body = (b: Builder, data: ReturnType<typeof declare> & { readonly op: Parameters<Builder['opEnd']>[0] }) => void;

/** Operation 0 is `first`, on CPU 0; operation 1 is `second`, on CPU 1. */
export interface Routines {
  readonly scenario: string;
  readonly first: Body;
  readonly second: Body;
  /** between EOI and the driver's handler */
  readonly handler?: (b: Builder, data: ReturnType<typeof declare>) => void;
}

function build({ first, second, handler }: Routines, size: MachineSize, { irqs, apicIds }: Placement): BuiltModel {
  const d = new Declarations();
  const data = declare(d);
  const k = new Assembler(d);
  const task = (name: string, body: Body) =>
    k.routine(name, { op: 'u8' }, (b, { op }) => {
      body(b as unknown as Builder, { ...data, op });
      b.end();
    });
  k.entry(task('first', first));
  k.entry(task('second', second));
  k.interruptEntry(
    k.routine('interrupt', { vector: 'vector' }, (b, { vector }) => {
      b.lapicWrite('eoi', 0);
      handler?.(b as unknown as Builder, data);
      void vector;
      b.serve(0, 0);
      b.iret();
    }),
  );
  const program = k.assemble(size);
  const { labels, entries, variables, fingerprint } = program;
  const entry = (name: string): number => entries.get(name) ?? 0;
  return {
    program: programSetup(program, d, size, { handlers: new Map(irqs.map(({ vector }) => [vector, entry('interrupt')])) }),
    labels,
    variables,
    fingerprint,
    operations: ['first', 'second'].map((name, cpu) => ({ entry: entry(name), cpu, pause: 0, args: [0, 0] as const })),
    systemVectors: [],
    disagreement: () => undefined,
    slots: () => [],
    boot: (machine) => {
      irqs.forEach(({ device, cpu, vector }) => {
        machine.setDevice(device, { control: 1, addrLo: 0xfee00000 + (apicIds[cpu] ?? 0) * 0x1000, addrHi: 0, data: 0x4000 + vector });
      });
      apicIds.forEach((_, c) => machine.setCpu(c, { svr: 0x1ff, tpr: 0, run: 'running', interruptsOn: true }));
    },
  };
}

export function kernelOf(routines: Routines): KernelModel {
  return { name: 'mine', behaviours: [], build: (size, placement) => build(routines, size, placement) };
}
