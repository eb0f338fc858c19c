import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eq, type Assembler, type Declarations } from '../../src/kernel/index.js';
import type { ProgramMachine } from '../../src/machine/index.js';
import { act, enabled, everyVector, handler, interrupt, lapic, msi, settle, task, toy } from '../engine/toy.js';

const EOI = 1;
const TPR = 2;

/**
 * Handlers return without EOI, so that any set of vectors can be in service with IF=1; the task of CPU 0 writes EOI or TPR when it
 * is told to.
 */
function puppet(k: Assembler, d: Declarations) {
  const command = d.variable('command', 'u8', []);
  const value = d.variable('value', 'u8', []);
  const h = k.routine('h', { vector: 'vector' }, (b) => b.iret());
  const t = k.routine('t', {}, (b) => {
    b.loop(() => {
      b.waitNe(command, [], 0);
      b.if(
        eq(b.load(command), EOI),
        () => b.lapicWrite('eoi', 0),
        () => b.lapicWrite('tpr', b.let('u32', b.load(value))),
      );
      b.store(command, [], 0);
    });
  });
  return { command, value, run: { 0: t }, handlers: everyVector(h) };
}

/** A CPU that takes an interrupt only when told. */
const puppetMachine = () => toy(puppet, { sources: 1, assumptions: { recognition: 'free' } });
type Puppet = Awaited<ReturnType<typeof puppetMachine>>;

function tell({ machine, kernel }: Puppet, command: number, value = 0): void {
  machine.setVariable(kernel.value.slot, 0, 0, value);
  machine.setVariable(kernel.command.slot, 0, 0, command);
  while (machine.variable(kernel.command.slot) !== 0) act(machine, 'cpu');
}

function accept(machine: ProgramMachine, vector: number): void {
  machine.setDevice(0, msi(0, vector));
  interrupt(machine, 0);
}

const mayTake = (machine: ProgramMachine): boolean => enabled(machine).includes('interrupt 0');

function take(machine: ProgramMachine): void {
  act(machine, 'interrupt');
  act(machine, 'cpu');
}

describe('dispensing', () => {
  test('in service 0x41: 0x4f waits, 0x51 does not: classes are compared, strictly (A.4.4, T8)', async () => {
    const p = await puppetMachine();
    accept(p.machine, 0x41);
    take(p.machine);
    accept(p.machine, 0x4f);
    expect(mayTake(p.machine)).toBe(false);
    accept(p.machine, 0x51);
    expect(mayTake(p.machine)).toBe(true);
    take(p.machine);
    expect(p.machine.cpu(0)).toMatchObject({ isr: [0x41, 0x51], irr: [0x4f], ppr: 0x50 });
  });

  test('the highest vector wins, also within a class (A.4.4)', async () => {
    const { machine } = await puppetMachine();
    for (const v of [0x41, 0x4f, 0x43]) accept(machine, v);
    take(machine);
    expect(machine.cpu(0).isr).toEqual([0x4f]);
  });

  test('EOI retires the highest vector in service, whichever handler writes it (A.12, T9, T10)', async () => {
    const p = await puppetMachine();
    for (const v of [0x41, 0x61]) {
      accept(p.machine, v);
      take(p.machine);
    }
    tell(p, EOI);
    expect(p.machine.cpu(0).isr).toEqual([0x41]);
    tell(p, EOI);
    expect(p.machine.cpu(0).isr).toEqual([]);
    tell(p, EOI);
    expect(p.machine.counter('eoiWithoutIsr')).toBe(1);
  });

  test('TPR gates and does not cancel; lowering it dispenses without a new event (A.4.2, T13)', async () => {
    const p = await puppetMachine();
    tell(p, TPR, 0x30);
    accept(p.machine, 0x31);
    expect(mayTake(p.machine)).toBe(false);
    tell(p, TPR, 0x2f);
    expect(p.machine.cpu(0).irr).toEqual([0x31]);
    expect(mayTake(p.machine)).toBe(true);
  });

  test.each([
    [0x00, 0x10, true],
    [0x0f, 0x1f, true],
    [0x10, 0x1f, false],
    [0xf0, 0xff, false],
    [0xe0, 0xff, true],
  ])('TPR %i: vector %i is dispensed: %s (A.4.4)', async (tpr, vector, dispensed) => {
    const p = await puppetMachine();
    tell(p, TPR, tpr);
    accept(p.machine, vector);
    expect(mayTake(p.machine)).toBe(dispensed);
  });

  test('a deliverable vector comes before the next micro-op, or the CPU may go on first (design 4)', async () => {
    for (const recognition of ['prompt', 'free'] as const) {
      const { machine } = await toy((k) => ({ run: { 0: task(k, 't', (b) => b.preemptOff()) }, handlers: { 0x30: handler(k, 'h') } }), {
        sources: 1,
        assumptions: { recognition },
      });
      interrupt(machine, 0);
      expect(enabled(machine)).toContain('interrupt 0');
      expect(enabled(machine).includes('cpu 0')).toBe(recognition === 'free');
      settle(machine);
    }
  });
});

/** Sections A.3 and A.4 in a few lines: sets of vectors, nothing cached. */
class Reference {
  irr = new Set<number>();
  isr = new Set<number>();
  tpr = 0;
  get irrv(): number {
    return Math.max(0, ...this.irr);
  }
  get isrv(): number {
    return Math.max(0, ...this.isr);
  }
  get ppr(): number {
    return this.tpr >> 4 >= this.isrv >> 4 ? this.tpr : this.isrv & 0xf0;
  }
  get requests(): boolean {
    return this.irrv >> 4 > this.ppr >> 4;
  }
  take(): void {
    const v = this.irrv;
    this.irr.delete(v);
    this.isr.add(v);
  }
  words(set: Set<number>): number {
    return [...set].reduce((words, v) => words | (1 << (v >> 5)), 0);
  }
}

test('after any history IRR, ISR, PPR and what is cached of them are those of the reference (A.3, A.4)', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ accept: fc.integer({ min: 16, max: 255 }) }) },
    { weight: 3, arbitrary: fc.constant({ take: true }) },
    { weight: 2, arbitrary: fc.constant({ eoi: true }) },
    { weight: 1, arbitrary: fc.record({ tpr: fc.integer({ min: 0, max: 255 }) }) },
  );
  const p = await puppetMachine();
  const start = p.machine.snapshot();
  const sorted = (set: Set<number>): number[] => [...set].toSorted((a, b) => a - b);
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (history) => {
      p.machine.restore(start);
      const r = new Reference();
      for (const s of history) {
        if ('accept' in s) {
          r.irr.add(s.accept);
          accept(p.machine, s.accept);
        } else if ('eoi' in s) {
          r.isr.delete(r.isrv);
          tell(p, EOI);
        } else if ('tpr' in s) {
          r.tpr = s.tpr;
          tell(p, TPR, s.tpr);
        } else if (r.requests) {
          r.take();
          take(p.machine);
        }
        expect(p.machine.cpu(0)).toMatchObject({ irr: sorted(r.irr), isr: sorted(r.isr), tpr: r.tpr, ppr: r.ppr });
        expect(lapic(p.machine)).toMatchObject({ irrv: r.irrv, isrv: r.isrv, irrWords: r.words(r.irr), isrWords: r.words(r.isr) });
        expect(mayTake(p.machine)).toBe(r.requests);
      }
    }),
    { numRuns: 60, seed: 20200318 },
  );
});

test('an image of any such state gives the cached fields back (design 3)', async () => {
  const [one, other] = [await puppetMachine(), await puppetMachine()];
  for (const v of [0x41, 0x61, 0xf3]) {
    accept(one.machine, v);
    take(one.machine);
  }
  tell(one, TPR, 0x5a);
  for (const v of [0x10, 0x42, 0xff]) accept(one.machine, v);
  accept(other.machine, 0x77);
  other.machine.setImage(one.machine.image());
  const { irr, isr, tpr, ppr } = one.machine.cpu(0);
  expect(other.machine.cpu(0)).toMatchObject({ irr, isr, tpr, ppr });
  expect(lapic(other.machine)).toEqual(lapic(one.machine));
});
