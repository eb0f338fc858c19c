/**
 * What a request may find in the caches of an AMD unit (hardware.md F.4), by all ways of a check, beside a model with nothing clever: one
 * cached entry of the device table and one of the device's table, each fetched or dropped at any time.
 */
import { expect, test } from 'vitest';
import { iommusOf } from '../../src/machine/index.js';
import { Dice } from '../engine/systems.js';
import { explore, operation, task, toy } from '../engine/toy.js';

/** What software does: an entry of table a or b changes, the device gets a table, or none; a command is executed. */
type Act = { readonly entry: 'a' | 'b'; readonly vector: number } | { readonly table: Table } | 'devtab' | 'interrupts' | 'all';

type Table = 'a' | 'b' | 'none';
interface State {
  /** acts done */
  readonly done: number;
  readonly device: Table;
  readonly a: number;
  readonly b: number;
  /** undefined: not cached */
  readonly cachedDevice: { readonly table: Table } | undefined;
  readonly cachedEntry: number | undefined;
}

const START: State = { done: 0, device: 'a', a: 0x40, b: 0x50, cachedDevice: undefined, cachedEntry: undefined };
/** The entry that a request asks for. With no table the request passes, and that is its vector. */
const INDEX = 16;
const ROWS = 32;

/** Vectors that a request may end with that comes behind all acts. */
function possible(acts: readonly Act[]): number[] {
  const seen = new Set<string>();
  const found = new Set<number>();
  const visit = (state: State): void => {
    const key = JSON.stringify(state);
    if (seen.has(key)) return;
    seen.add(key);
    const { device, cachedDevice, cachedEntry } = state;
    const { table } = cachedDevice ?? { table: device };
    const fetched = table === 'none' ? undefined : state[table];
    if (state.done === acts.length) found.add(fetched === undefined ? INDEX : (cachedEntry ?? fetched));
    visit({ ...state, cachedDevice: undefined });
    visit({ ...state, cachedEntry: undefined });
    if (cachedDevice === undefined) visit({ ...state, cachedDevice: { table: device } });
    if (cachedEntry === undefined && fetched !== undefined) visit({ ...state, cachedEntry: fetched });
    const act = acts[state.done];
    if (act === undefined) return;
    const next = { ...state, done: state.done + 1 };
    if (act === 'devtab') visit({ ...next, cachedDevice: undefined });
    else if (act === 'interrupts') visit({ ...next, cachedEntry: undefined });
    else if (act === 'all') visit({ ...next, cachedDevice: undefined, cachedEntry: undefined });
    else if ('entry' in act) visit({ ...next, [act.entry]: act.vector });
    else visit({ ...next, device: act.table });
  };
  visit(START);
  return [...found].toSorted((x, y) => x - y);
}

const rowOf = { a: INDEX, b: ROWS + INDEX } as const;
/** Of the device. */
const REQUESTER = 8;
const COMMANDS = { devtab: 0x20000000, interrupts: 0x50000000, all: 0x80000000 } as const;

/** The same by a check: a CPU that executes the acts, a device that it lets raise behind them. */
async function reached(acts: readonly Act[]): Promise<number[]> {
  const { machine } = await toy(
    (k, d) => {
      const irte = d.variable('irte', 'u32', ['irte', 'word'], { dma: true });
      const devices = d.variable('devices', 'u32', ['device', 'dteWord'], { dma: { offset: 32 * REQUESTER } });
      const map = d.variable('map', 'u32', ['irte'], { class: 'fixed' });
      const sem = d.variable('sem', 'u32', ['cpu', 'word'], { dma: true, bits: 1 });
      const run = task(k, 'acts', (b) => {
        // its interrupts are looked at in the IRR
        b.cli();
        for (const act of acts) {
          if (typeof act === 'string') {
            b.store(sem, [0, 0], 0);
            b.atomic(() => {
              b.queuePut(0, COMMANDS[act], act === 'all' ? 0 : REQUESTER);
              b.queuePut(0, 0x10000001, 1, [sem, 0]);
              b.queueTail(0);
            });
            b.waitEq(sem, [0, 0], 1);
          } else if ('entry' in act) b.storePair(irte, rowOf[act.entry], 0, [1, act.vector], { wide: true });
          else if (act.table === 'none') b.store(devices, [0, 4], 0);
          else b.storePair(devices, 0, 4, [b.load(map, [act.table === 'a' ? 0 : 1]), 2 << 28]);
        }
        b.cfgWrite(0, 'control', 1);
        b.park();
      });
      const none = operation(k, 'none', () => undefined);
      return {
        run: { 0: run },
        operations: [{ cpu: 0, routine: none }],
        boot: (m) => {
          for (const table of ['a', 'b'] as const)
            [1, 0, START[table], 0].forEach((word, w) => m.setVariable(irte.slot, rowOf[table], w, word));
          m.setAmdUnit(0, { table: irte.slot, stride: 1024, size: 5, devices: devices.slot });
          const a = m.variable(devices.slot, 0, 4);
          [a, a + 16 * ROWS].forEach((root, i) => m.setVariable(map.slot, i, 0, root));
          m.setDevice(0, { control: 0, addrLo: 0xfee00000, addrHi: 0, data: INDEX });
        },
      };
    },
    {
      devices: [{}],
      sources: [{ raises: 1 }],
      iommus: iommusOf([{ type: 'amd' }], []),
      irtes: INDEX + 1,
      memory: 3 * 4096,
      tableRows: 2 * ROWS,
    },
  );
  const found = new Set<number>();
  explore(machine, (m) => m.cpu(0).irr.forEach((vector) => found.add(vector)));
  return [...found].toSorted((x, y) => x - y);
}

test('40 random sequences of stores and commands: the same vectors', async () => {
  const dice = new Dice(17);
  let stale = 0;
  for (let i = 0; i < 40; i++) {
    let vector = 0x60;
    const acts = Array.from({ length: 2 + dice.below(4) }, (): Act => {
      switch (dice.below(6)) {
        case 0:
        case 1:
          return { entry: dice.of(['a', 'b']), vector: ++vector };
        case 2:
        case 3:
          return { table: dice.of(['a', 'b', 'b', 'none']) };
        default:
          return dice.of(['devtab', 'interrupts', 'all'] as const);
      }
    });
    const found = await reached(acts);
    expect([acts, found]).toEqual([acts, possible(acts)]);
    if (found.length > 1) stale++;
  }
  expect(stale).toBeGreaterThan(10);
});
