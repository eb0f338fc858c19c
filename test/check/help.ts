/** What the tests of checking share: systems from built-in names or from texts, and what a search says about them. */
import {
  assembleSystem,
  findScenario,
  formatDiagnostic,
  parseScenario,
  search,
  type Assumptions,
  type Scenario,
  type SearchResult,
  type System,
} from '../../src/index.js';

export interface Options {
  readonly model?: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly assume?: Partial<Assumptions>;
}

/** What a test cannot go on without. */
export function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('nothing is there');
  return value;
}

/** A built-in scenario by its name, or one from its text. */
export function scenarioOf(source: string): Scenario {
  const builtin = findScenario(source);
  if (builtin !== undefined) return builtin.scenario;
  const parsed = parseScenario(source, 'test.yaml');
  if ('errors' in parsed) throw new Error(parsed.errors.map(formatDiagnostic).join('\n'));
  return parsed.scenario;
}

export function systemFrom(source: string, { model = '5.9', set = {}, assume = {} }: Options = {}): System {
  return assembleSystem(scenarioOf(source), { model: `linux-${model}`, behaviours: set, assumptions: assume });
}

/** Enough for every scenario of these tests; a search that needs more has gone wrong. */
export const LIMITS = { memory: 2 ** 30, states: 1_000_000, reduction: 0 } as const;

export function searchOf(source: string, options: Options = {}): Promise<SearchResult> {
  return search(systemFrom(source, options), LIMITS);
}

/** The failing properties in order of their names; `safe`; or why it is unknown. */
export async function verdictOf(source: string, options: Options = {}): Promise<string | readonly string[]> {
  const { verdict, reason, failures } = await searchOf(source, options);
  return verdict === 'failed' ? failures.map((f) => f.property).toSorted() : (reason ?? verdict);
}

/** The micro-ops that some execution of the search went through. */
export function wasExecuted({ vacuity }: SearchResult, text: string): boolean {
  return !vacuity.notExecuted.some((label) => label.includes(text));
}

interface Device {
  readonly name?: string;
  readonly irq?: number;
  readonly kind?: 'handshake' | 'free';
  readonly cpu: number;
  readonly vector?: number;
  readonly raises?: number;
  readonly affinity?: readonly number[];
  readonly address64?: boolean;
  readonly managed?: boolean;
  readonly requested?: boolean;
}

interface Small {
  /** CPU numbers; APIC id = 2 * number */
  readonly cpus?: readonly number[];
  /** those of them that are offline at the start */
  readonly offline?: readonly number[];
  readonly vectors?: number;
  readonly devices: readonly Device[];
  readonly operations?: readonly string[];
  readonly more?: string;
}

function deviceText(device: Device, i: number): string {
  const { name, irq, kind = 'handshake', cpu, vector, raises = 2, affinity, address64 = true, managed, requested } = device;
  const fields = [`irq: ${irq ?? 24 + i}`, `cpu: ${cpu}`];
  if (vector !== undefined) fields.push(`vector: ${vector}`);
  if (affinity !== undefined) fields.push(`affinity: [${affinity.join(', ')}]`);
  if (managed !== undefined) fields.push(`managed: ${managed}`);
  if (requested !== undefined) fields.push(`requested: ${requested}`);
  return `{name: ${name ?? `d${i}`}, kind: ${kind}, message: {address64: ${address64}}, raises: ${raises}, irqs: [{${fields.join(', ')}}]}`;
}

/** The text of a small scenario. Irqs are 24, 25 ... unless said otherwise. */
export function small({ cpus = [0, 1], offline = [], vectors = 2, devices, operations = [], more = '' }: Small): string {
  return [
    'version: 1',
    'name: small',
    `machine: {cpus: [${cpus.map((c) => `{cpu: ${c}, apicId: ${2 * c}, online: ${!offline.includes(c)}}`).join(', ')}]}`,
    `universe: {vectors: ${vectors}}`,
    `devices: [${devices.map(deviceText).join(', ')}]`,
    `operations: [${operations.map((o) => `{${o}}`).join(', ')}]`,
    more,
    '',
  ].join('\n');
}
