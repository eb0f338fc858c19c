/**
 * Random kernels of a few lines, for claims about every program: tasks, stoppers and handlers that take locks, switch
 * interrupts, send IPIs, arm timers, wait for flags and write what others read, with and without a lock. Many of them are wrong.
 */
import { AssemblyError, eq, lt, type Assembler, type Builder, type Declarations, type Reg, type Timer } from '../../src/kernel/index.js';
import { assumptionValues } from '../../src/machine/assumptions.js';
import type { Dice } from './systems.js';
import { entryLow, handler, operation, smallIoapic, task, toy, type Toy, type ToyDevice, type ToyKernel } from './toy.js';

const LO = 0x30;
const HI = 0x34;

type Emit = (b: Builder) => void;

/** Where a statement stands: what is not possible in an interrupt, and how deep it nests. */
interface Place {
  readonly interrupt: boolean;
  readonly depth: number;
}

class Statements {
  readonly #dice: Dice;
  readonly #cpus: number;
  readonly #data: ReturnType<typeof declare>;
  readonly #woken: readonly ReturnType<typeof task>[];
  readonly #timers: readonly Timer[];
  readonly #device: ToyDevice;

  constructor(
    dice: Dice,
    cpus: number,
    device: ToyDevice,
    data: ReturnType<typeof declare>,
    woken: readonly ReturnType<typeof task>[],
    timers: readonly Timer[] = [],
  ) {
    this.#timers = timers;
    this.#dice = dice;
    this.#device = device;
    this.#cpus = cpus;
    this.#data = data;
    this.#woken = woken;
  }

  list(n: number, place: Place): Emit {
    const all = Array.from({ length: n }, () => this.#one(place));
    return (b) => all.forEach((emit) => emit(b));
  }

  #value(): number {
    return this.#dice.below(3);
  }

  #one(place: Place): Emit {
    const dice = this.#dice;
    const inner = { ...place, depth: place.depth + 1 };
    const simple = place.interrupt
      ? ['touch', 'touch', 'touch', 'ipi', 'hardware', 'flag', 'serve', 'note']
      : ['touch', 'touch', 'touch', 'mask', 'ipi', 'hardware', 'wake', 'wait', 'flag', 'note'];
    const nested = place.interrupt ? ['locked', 'if', 'repeat'] : ['locked', 'locked', 'masked', 'masked', 'preempt', 'if', 'repeat'];
    const timer = this.#timers[0];
    if (timer !== undefined && dice.below(5) === 0) return this.#timer(timer);
    // a device with more to write to is written to more often
    const all =
      this.#device.entries || this.#device.maskable || this.#device.chipset ? [...simple, ...Array.from(simple, () => 'hardware')] : simple;
    const kind = place.depth < 2 && dice.below(5) < 2 ? dice.of(nested) : dice.of(all);
    switch (kind) {
      case 'touch':
        return this.#touch();
      case 'ipi': {
        const [to, vector] = [dice.below(this.#cpus), LO + dice.below(HI - LO)];
        return dice.below(2) === 0 ? this.#touch() : (b) => b.ipi(to, vector);
      }
      case 'hardware':
        return this.#hardware(place);
      case 'wake': {
        const [cpu, level] = [dice.below(this.#cpus), dice.of(['stopper', 'thread'] as const)];
        const routine = dice.of(this.#woken);
        return (b) => b.wake(cpu, level, routine);
      }
      case 'wait': {
        const [variable, value] = [dice.of(this.#data.open), this.#value()];
        return (b) => b.waitEq(variable, [], value);
      }
      case 'flag': {
        const [test, property] = [this.#test(), dice.of(['noStray', 'noLeak'] as const)];
        return (b) => b.if(test(b), () => b.flag(property));
      }
      case 'serve':
        return (b) => b.serve(0, 0);
      case 'note':
        return (b) => b.note('busy');
      case 'mask': {
        const what = dice.of(['cli', 'sti', 'preemptOff', 'preemptOn'] as const);
        return (b) => b[what]();
      }
      case 'locked': {
        const lock = dice.of(this.#data.locks);
        const body = this.list(1 + dice.below(3), inner);
        // now and then it is forgotten
        const [takes, gives] = [dice.below(12) !== 0, dice.below(12) !== 0];
        const guarded = this.#guarded(lock);
        return (b) => {
          if (takes) b.lock(lock, []);
          guarded(b);
          body(b);
          if (gives) b.unlock(lock, []);
        };
      }
      case 'masked': {
        const body = this.list(1 + dice.below(3), inner);
        if (dice.below(2) === 0)
          return (b) => {
            b.cli();
            body(b);
            b.sti();
          };
        return (b) => {
          const flags = b.saveFlags();
          body(b);
          b.restoreFlags(flags);
        };
      }
      case 'preempt': {
        const body = this.list(1 + dice.below(3), inner);
        return (b) => {
          b.preemptOff();
          body(b);
          b.preemptOn();
        };
      }
      case 'if': {
        const [test, yes, no] = [this.#test(), this.list(1 + dice.below(2), inner), this.list(dice.below(2), inner)];
        return (b) =>
          b.if(
            test(b),
            () => yes(b),
            () => no(b),
          );
      }
      default: {
        const [times, body] = [1 + dice.below(2), this.list(1 + dice.below(2), inner)];
        const endless = dice.below(8) === 0;
        return (b) => {
          const i = b.let('u8', 0);
          b.while(lt(i, times), () => {
            if (!endless) b.set(i, b.add(i, 1));
            else b.load(this.#data.open[0] as ReturnType<typeof declare>['open'][number]);
            body(b);
          });
        };
      }
    }
  }

  /** Something that another may touch without the lock, or under it. */
  #touch(): Emit {
    const dice = this.#dice;
    const { open, shown, constant, own, bits } = this.#data;
    const [value, to] = [this.#value(), dice.below(this.#cpus)];
    const variable = dice.of([...open, ...open, shown]);
    switch (dice.below(8)) {
      case 0:
        return (b) => b.store(own, [b.self], value);
      case 1:
        return (b) => b.if(eq(b.load(own, [b.self]), value), () => b.store(variable, [], value));
      case 2:
        return (b) => b.if(eq(b.load(constant), value), () => b.store(variable, [], value));
      case 3:
        return (b) => b.maskSet(bits, [], to);
      case 4:
        return (b) =>
          b.atomic(() => {
            b.note('moved');
            b.store(variable, [], value);
          });
      case 5:
        return (b) => b.if(eq(b.load(variable), value), () => b.maskClear(bits, [], to));
      default:
        return (b) => b.store(variable, [], value);
    }
  }

  #timer(timer: Timer): Emit {
    const [what, cpu] = [this.#dice.below(4), this.#dice.below(this.#cpus)];
    if (what === 0) return (b) => b.if(b.timerArmed(cpu, timer), () => b.store(this.#data.shown, [], 1));
    return (b) => (what === 1 ? b.timerCancel(cpu, timer) : b.timerArm(cpu, timer));
  }

  /** What the lock protects. */
  #guarded(lock: ReturnType<typeof declare>['locks'][number]): Emit {
    const dice = this.#dice;
    const { kept, open } = this.#data;
    const mine = kept.filter((v) => v.protectedBy === lock);
    const [variable, value, other] = [dice.of(mine), this.#value(), dice.of(open)];
    switch (dice.below(4)) {
      case 0:
        return (b) => b.store(variable, [], value);
      case 1:
        return (b) => b.if(eq(b.load(variable), value), () => b.store(other, [], value));
      case 2:
        return (b) =>
          b.atomic(() => {
            b.store(variable, [], value);
            b.if(eq(b.load(variable), 1), () => b.store(variable, [], 0));
          });
      default:
        return (b) => {
          b.load(variable);
          b.store(variable, [], value);
        };
    }
  }

  #hardware({ interrupt }: Place): Emit {
    const dice = this.#dice;
    const [data, to] = [0x4000 + LO + dice.below(HI - LO), dice.below(this.#cpus)];
    const svr = dice.of([0xff, 0x1ff]);
    if (dice.below(4) !== 0) {
      const access = this.#access();
      if (access) return access;
    }
    switch (dice.below(interrupt ? 3 : 7)) {
      case 0:
        return (b) => b.cfgWrite(0, 'data', data);
      case 1:
        return (b) => b.irrBit(LO);
      case 2:
        return (b) => b.cfgWrite(0, 'addrLo', 0xfee00000 + to * 0x1000);
      case 3:
        return (b) => b.delay(10);
      case 4:
        return (b) => b.lapicWrite('svr', svr);
      case 5:
        return (b) => b.cfgRead(0, 'data');
      default:
        return (b) => b.lapicWrite('tpr', 0x40);
    }
  }

  /** What only devices with mask bits have; undefined: this one has none. */
  #access(): Emit | undefined {
    const dice = this.#dice;
    if (this.#device.chipset === 'pins') {
      const [low, level, to] = [LO + dice.below(HI - LO), dice.below(2) === 0, dice.below(this.#cpus)];
      const value = entryLow(low, { level, masked: dice.below(3) === 0 });
      switch (dice.below(7)) {
        case 0:
          return (b) => b.pinEoi(0, low);
        case 5:
          return (b) => b.pinWait(0, 1);
        case 6:
          return (b) => b.if(b.tmrBit(low), () => b.pinEoi(0, low));
        case 1:
          return (b) => b.pinRead(0, 1, 0);
        case 2:
          return (b) => b.pinWrite(0, 1, 1, to << 24);
        default:
          return (b) => b.pinWrite(0, 1, 0, value);
      }
    }
    const { maskable = false, vectors = 1, entries = this.#device.chipset === undefined ? 0 : 1 } = this.#device;
    const [bits, on, to] = [dice.below(1 << vectors), dice.below(2), dice.below(this.#cpus)];
    if (entries > 0) {
      const [entry, vector] = [dice.below(entries), LO + dice.below(HI - LO)];
      switch (dice.below(10)) {
        case 0:
          return (b) => b.mmioRead(0, entry, 'control');
        case 1:
        case 5:
          return (b) => b.mmioRead(0, 0, 'pending');
        case 2:
          return (b) => b.cfgWrite(0, 'msixControl', on ? 0x8000 : 0xc000);
        case 3:
          return (b) => b.mmioWrite(0, entry, 'addrLo', 0xfee00000 + to * 0x1000);
        case 4:
          return (b) => b.mmioWrite(0, entry, 'data', 0x4000 + vector);
        default:
          return (b) => b.mmioWrite(0, entry, 'control', on);
      }
    }
    if (vectors > 1 && dice.below(4) === 0) return (b) => b.cfgWrite(0, 'control', on ? 0x11 : 1);
    if (!maskable) return undefined;
    return dice.below(2) === 0 ? (b) => b.cfgRead(0, 'pending') : (b) => b.cfgWrite(0, 'mask', bits);
  }

  #test(): (b: Builder) => ReturnType<typeof eq> {
    const dice = this.#dice;
    const { open, shown, bits } = this.#data;
    const [variable, value, bit] = [dice.of([...open, shown]), this.#value(), dice.below(this.#cpus)];
    if (dice.below(5) === 0) return (b) => eq(b.maskTest(bits, [], bit), 1);
    return (b) => eq<'u8'>(b.load(variable) as Reg<'u8'>, value);
  }
}

function declare(d: Declarations) {
  const locks = [d.lock('first', []), d.lock('second', [])] as const;
  return {
    locks,
    open: [0, 1].map((i) => d.variable(`open${i}`, 'u8', [], { bits: 2 })),
    shown: d.variable('shown', 'u8', [], { bits: 2, visible: true }),
    kept: locks.flatMap((lock, i) => [
      d.variable(`kept${i}`, 'u8', [], { bits: 2, lock }),
      d.variable(`kept_shown${i}`, 'u8', [], { bits: 2, lock, visible: true }),
    ]),
    constant: d.variable('constant', 'u8', [], { class: 'fixed', initial: () => 1 }),
    own: d.variable('own', 'u8', ['cpu'], { bits: 2, local: true }),
    bits: d.mask('bits', 'cpu', [], { lock: locks[0] }),
  };
}

function kernel(k: Assembler, d: Declarations, dice: Dice, cpus: number, device: ToyDevice, timed: boolean): ToyKernel {
  const data = declare(d);
  const woken: ReturnType<typeof task>[] = [];
  const timers: Timer[] = [];
  if (timed) {
    const body = new Statements(dice, cpus, device, data, []).list(1 + dice.below(2), { interrupt: true, depth: 1 });
    timers.push(k.timer('timer', task(k, 'timer_callback', body), 1000));
  }
  const some = new Statements(dice, cpus, device, data, woken, timers);
  const thread = { interrupt: false, depth: 0 };
  const interrupt = { interrupt: true, depth: 1 };
  // what can be woken wakes nobody itself
  for (const i of [0, 1]) {
    const body = new Statements(dice, cpus, device, data, []).list(1 + dice.below(2), interrupt);
    woken.push(task(k, `woken${i}`, body));
  }
  const bodies = Array.from({ length: cpus }, () => some.list(2 + dice.below(3), thread));
  const handled = Array.from({ length: HI - LO }, () => some.list(dice.below(3), interrupt));
  const begun = Array.from({ length: dice.below(2) }, () => some.list(1 + dice.below(2), thread));
  return {
    run: Object.fromEntries(bodies.map((body, c) => [c, task(k, `task${c}`, body)])),
    handlers: Object.fromEntries(handled.map((body, i) => [LO + i, handler(k, `handler${i}`, body)])),
    operations: begun.map((body, i) => ({ cpu: dice.below(cpus), routine: operation(k, `operation${i}`, body) })),
  };
}

/** Devices of each kind, and how many interrupt sources they have. */
const kinds: readonly (readonly [ToyDevice, number])[] = [
  [{}, 1],
  [{ address64: false }, 1],
  [{ maskable: true }, 1],
  [{ vectors: 2, maskable: true }, 2],
  [{ vectors: 2 }, 2],
  [{ entries: 2 }, 2],
  [{ entries: 1, entryCache: 'latch-at-unmask' }, 1],
  [{ chipset: 'hpet' }, 1],
  [{ chipset: 'dmar' }, 1],
  [{ chipset: 'pins' }, 2],
];

/** A machine of two or three CPUs with such a kernel, with a timer or none, and a device; undefined if the assembler refuses it. */
export async function randomKernel(dice: Dice, timed = false): Promise<Toy<ToyKernel> | undefined> {
  const cpus = 2 + (dice.below(4) === 0 ? 1 : 0);
  const [device, sources] = dice.of(kinds);
  const assumptions = {
    sampling: dice.of(assumptionValues.sampling),
    push: dice.of(assumptionValues.push),
    delivery: dice.of(assumptionValues.delivery),
    recognition: dice.of(assumptionValues.recognition),
    softDisabled: dice.of(assumptionValues.softDisabled),
  };
  try {
    return await toy((k, d) => kernel(k, d, dice, cpus, device, timed), {
      cpus,
      assumptions,
      parallel: dice.below(2) === 0,
      probeRaises: dice.below(4) === 0 ? 1 : 0,
      devices: [device],
      ...(device.chipset === 'pins' && { ioapics: [smallIoapic] }),
      sources: Array.from({ length: sources }, (_, message) => ({
        device: 0,
        // two of them on one pin
        message: device.chipset === 'pins' ? 1 : message,
        raises: dice.below(3) === 0 ? 0 : 1,
        kind: device.chipset === 'pins' ? dice.of(['level', 'free'] as const) : dice.of(['free', 'handshake'] as const),
      })),
      universe: [LO, HI],
      messages: 6,
      record: 0,
      ring: 0,
      properties: ['noLoss', 'noStray', 'noLeak', 'noStuckIsr', 'noWildWrite', 'progress', 'noDuplicate'],
    });
  } catch (error) {
    if (error instanceof AssemblyError) return undefined;
    throw error;
  }
}
