/** Assumptions that a hunt gives up: which can matter to a program, and which set asks for less than another. */
import { assumptionsAbout, assumptionValues, type Assumptions } from '../machine/index.js';
import type { Given, Program } from './program.js';
import { kindOf, platformOf } from './universe.js';

type Name = keyof Assumptions;
const names = Object.keys(assumptionValues) as Name[];

/** How far a value is from the default: those of a name stand in order, each asks for less than the one before. */
function rankOf(name: Name, value: string | undefined): number {
  const values: readonly string[] = assumptionValues[name];
  return value === undefined ? 0 : values.indexOf(value);
}

/** What has been given up, altogether: one for each assumption, and for each step further. */
export function rankOfGiven(given: Given): number {
  return names.reduce((sum, name) => sum + rankOf(name, given[name]), 0);
}

/** Whether all that `one` gives up is given up by `other` too, as far or further. */
export function isWithin(one: Given, other: Given): boolean {
  return names.every((name) => rankOf(name, one[name]) <= rankOf(name, other[name]));
}

/** Names of those that can matter to a program; a test holds that the others change nothing. */
export function mattering(program: Program): readonly Name[] {
  const isPin = kindOf(program).message.type === 'ioapic';
  const goes = program.operations.some((o) => 'offline' in o || 'suspend' in o);
  const never: readonly Name[] = [
    ...(platformOf(program).iommu === undefined ? assumptionsAbout.iommu : []),
    ...(isPin && kindOf(program).level !== true ? [] : assumptionsAbout.ioapic),
    ...(goes ? [] : (['delivery', 'softDisabled'] as const)),
  ];
  return names.filter((name) => !never.includes(name));
}

/** Sets of one or two of them, of this rank; of rank 0 the one that gives up nothing. */
export function givenSets(program: Program, rank: number): readonly Given[] {
  if (rank === 0) return [{}];
  const one = mattering(program).flatMap((name) => assumptionValues[name].slice(1).map((value): Given => ({ [name]: value })));
  const two = one.flatMap((first, i) =>
    one.slice(i + 1).flatMap((second): Given[] => (Object.keys(first)[0] === Object.keys(second)[0] ? [] : [{ ...first, ...second }])),
  );
  return [...one, ...two].filter((given) => rankOfGiven(given) === rank);
}

/** `push=root-complex, recognition=free` */
export function givenText(given: Given): string {
  return Object.entries(given)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}
