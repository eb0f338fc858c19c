/**
 * All that a hunt tries, in order: smallest first; of one size moves and CPUs that go and come before all else; and of those first what
 * gives up nothing, on two CPUs, with nothing beside.
 */
import type { Operation } from '../scenario/index.js';
import { givenSets } from './given.js';
import { sequences } from './operations.js';
import type { Given, Program, Setting } from './program.js';
import { kinds, platforms, surroundings, type Kind, type Platform } from './universe.js';

/** One program under one set of assumptions. */
export interface Item {
  /** place in the order */
  readonly index: number;
  /** operations, CPUs beyond two, something beside, and what is given up, each counts one */
  readonly size: number;
  readonly program: Program;
  readonly given: Given;
}

/** What is left of all kinds and platforms, by name. */
export interface Only {
  readonly platforms: readonly string[];
  readonly kinds: readonly string[];
}

export const everything: Only = { platforms: platforms.map(({ name }) => name), kinds: kinds.map(({ name }) => name) };

/** Machines that make sense: of so many CPUs, with something beside or not. */
export function settingsOf(cpus: number, beside: boolean, only: Only = everything): readonly Setting[] {
  const around = surroundings.filter(({ name }) => (name === 'alone') !== beside);
  const chosen = platforms.filter(({ name }) => only.platforms.includes(name));
  return chosen.flatMap((platform) =>
    kinds
      .filter((kind) => only.kinds.includes(kind.name) && isPossible(platform, kind))
      .flatMap((kind) =>
        around
          .filter(({ name }) => fits(platform, kind, name))
          .flatMap(({ name }) =>
            starts(kind).map((start) => ({ platform: platform.name, kind: kind.name, cpus, start, surroundings: name })),
          ),
      ),
  );
}

function isPossible({ iommu, pciOnly, guest }: Platform, { message, managed, remappedOnly }: Kind): boolean {
  if (remappedOnly === true && iommu === undefined) return false;
  // what a guest has is its user's to move
  if (guest === true && managed === true) return false;
  return pciOnly !== true || message.type === 'msi' || message.type === 'msix';
}

/** A device with several irqs is its own twin, and needs more vectors than a crowd leaves; what is posted needs a guest. */
function fits({ guest }: Platform, { irqs }: Kind, around: string): boolean {
  if (around === 'host') return guest === true;
  return irqs === 1 || around === 'alone' || around === 'neighbour';
}

/** A CPU that goes, or the one that stays; a managed irq is at one of its own. */
function starts({ managed }: Kind): readonly number[] {
  return managed === true ? [1] : [1, 0];
}

/** CPUs of the largest machine. */
const MOST_CPUS = 3;

/** What else is done than moves and CPUs that come and go; the empty text is the smallest. */
function lifeOf(operations: readonly Operation[]): string {
  const others = operations.flatMap((o) => Object.keys(o).filter((kind) => !['move', 'offline', 'online'].includes(kind)));
  return [...new Set(others)].join(' ');
}

/** Machines that add `extra` to a size. */
function settingsThatAdd(extra: number, only: Only): readonly Setting[] {
  return Array.from({ length: MOST_CPUS - 1 }, (_, more) =>
    [false, true].flatMap((beside) => (more + Number(beside) === extra ? settingsOf(2 + more, beside, only) : [])),
  ).flat();
}

/**
 * Everything of one size, each without its place. A kernel is assembled for a machine and for what is done there, so those for which it
 * is the same come together; and what is done most often comes first, in all surroundings and with all that may be given up, so that a
 * hunt that ends within a size has seen that.
 */
function* ofSize(size: number, only: Only): Generator<Omit<Item, 'index'>> {
  const lives = new Map<string, (() => Generator<Omit<Item, 'index'>>)[]>();
  for (let rank = 0; rank < size; rank++) {
    for (let extra = 0; extra < size - rank; extra++) {
      for (const setting of settingsThatAdd(extra, only)) {
        const all = sequences(setting, size - rank - extra);
        for (const life of new Set(all.map(lifeOf))) {
          const list = lives.get(life) ?? [];
          lives.set(life, list);
          list.push(function* () {
            for (const operations of all) {
              if (lifeOf(operations) !== life) continue;
              const program = { ...setting, operations };
              for (const given of givenSets(program, rank)) yield { size, program, given };
            }
          });
        }
      }
    }
  }
  for (const life of [...lives.keys()].toSorted((a, b) => a.length - b.length)) for (const each of lives.get(life) ?? []) yield* each();
}

/** The items in order, up to a size. */
export function* items(most = Infinity, only: Only = everything): Generator<Item> {
  let index = 0;
  for (let size = 1; size <= most; size++) for (const item of ofSize(size, only)) yield { index: index++, ...item };
}
