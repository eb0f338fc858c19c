/**
 * Tokens: a schedule as text, to be pasted into a mail and replayed (design 4). Only characters that a shell leaves alone.
 *
 *   irqlab1/SCENARIO/MODEL/FINGERPRINT/SETTINGS/SCHEDULE
 *
 * SCENARIO is a built-in name, or ~ and the scenario itself in base64url; SETTINGS what was set besides, `-` if nothing;
 * SCHEDULE, `-` if nobody takes a step, a list of ACTOR.CHOICExRUN@ROUTINE:LINE.HASH#COUNT, where the part from @ says where a CPU stands when it is
 * left, so that another model can be taken to the same point. Of a livelock SETTINGS has `raises=unbounded`, and `loop=N`: the steps
 * behind the first N lead back to the state before them.
 */
import type { Label } from '../../kernel/index.js';
import { assumptionValues, type Assumptions } from '../../machine/index.js';
import { assembleSystem, findScenario, parseScenario, type Overrides, type Scenario, type System } from '../../scenario/index.js';
import { cpuOfAction, describeAction } from '../names/index.js';
import { Replay, replayPath } from './replay.js';
import { isSame } from './trial.js';

const MAGIC = 'irqlab1';
const UNBOUNDED = 'unbounded';
/** Settings that are neither behaviours nor assumptions. */
const ofLivelocks: ReadonlySet<string> = new Set(['raises', 'loop']);

interface Segment {
  readonly actor: string;
  readonly choice: string;
  readonly run: number;
  readonly stands: { readonly routine: string; readonly line: number; readonly hash: string; readonly count: number } | undefined;
}

/** A schedule with what it was made for. */
export interface Token {
  readonly scenario: Scenario;
  readonly model: string;
  readonly fingerprint: string;
  readonly settings: Readonly<Record<string, string>>;
  /** the devices raise without bound */
  readonly unbounded: boolean;
  /** the steps behind so many are a loop; undefined: none is */
  readonly loop: number | undefined;
  readonly segments: readonly Segment[];
}

/** What is wrong with a token, in one sentence. */
export class TokenError extends Error {}

/** A short hash of a label's text: lines move when a routine changes, texts mostly do not. */
function hashOf(text: string): string {
  let h = 0x811c9dc5;
  for (const char of text) h = Math.imul(h ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return h.toString(16).padStart(8, '0').slice(0, 5);
}

function base64url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function fromBase64url(text: string): string {
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.codePointAt(0) ?? 0);
  return new TextDecoder().decode(bytes);
}

/** Settings in force that the scenario's file does not have: behaviours, assumptions, and what is said of a livelock. */
function settingsOf(system: System, loop: number | undefined): Record<string, string> {
  const set: Record<string, string> = {};
  if (system.unbounded) set.raises = UNBOUNDED;
  if (loop !== undefined) set.loop = String(loop);
  for (const { name, value, evidence } of system.model.behaviours) {
    if (evidence === 'set' && system.scenario.behaviours[name] !== value) set[name] = value;
  }
  for (const key of Object.keys(assumptionValues) as (keyof Assumptions)[]) {
    if (system.assumptions[key] !== system.scenario.assumptions[key]) set[key] = system.assumptions[key];
  }
  return set;
}

/** The token of a path. Replays it once to see where the CPUs stand at each switch. `loop`: the steps behind so many are a loop. */
export async function tokenOf(system: System, path: readonly number[], loop?: number): Promise<string> {
  const replay = await replayPath(system, path);
  const parts: string[] = [];
  for (let i = 0; i < path.length;) {
    const first = path[i] as number;
    const { actor, choice } = describeAction(system, first);
    let end = i + 1;
    if (cpuOfAction(first) !== undefined) while (end < path.length && path[end] === first) end++;
    const stands = replay.steps[end - 1]?.stands;
    const label = stands && stands.label !== 0 ? system.built.labels[stands.label] : undefined;
    const where = label && stands ? `@${label.routine}:${label.line}.${hashOf(label.text)}#${stands.count}` : '';
    parts.push(`${actor}${choice === '' ? '' : `.${choice}`}${end - i > 1 ? `x${end - i}` : ''}${where}`);
    i = end;
  }
  const known = findScenario(system.scenario.name);
  const isBuiltin = known !== undefined && JSON.stringify(known.scenario) === JSON.stringify(system.scenario);
  const scenario = isBuiltin ? system.scenario.name : `~${base64url(JSON.stringify(system.scenario))}`;
  const settings = Object.entries(settingsOf(system, loop)).map(([key, value]) => `${key}=${value}`);
  return [MAGIC, scenario, system.model.name, system.built.fingerprint, settings.join('+') || '-', parts.join(',') || '-'].join('/');
}

const segmentPattern = /^([A-Za-z0-9_.:-]+?)(?:\.([a-z0-9]+))?(?:x(\d+))?(?:@(\w+):(\d+)\.([0-9a-f]{5})#(\d+))?$/;

function parseSegment(text: string): Segment {
  // a device may be called box3: the run length counts only where one is allowed, behind a CPU
  const match = segmentPattern.exec(text);
  if (match === null) throw new TokenError(`"${text.slice(0, 40)}" is no step of a schedule; expected e.g. cpu3x4@fixup_irqs:2.1a2b3#1`);
  const [, actor = '', choice = '', run, routine, line, hash, count] = match;
  const isCpu = /^cpu\d+$/.test(actor);
  const stands = routine === undefined ? undefined : { routine, line: Number(line), hash: hash ?? '', count: Number(count) };
  if (!isCpu && run !== undefined) return { actor: `${actor}x${run}`, choice, run: 1, stands };
  return { actor, choice, run: run === undefined ? 1 : Number(run), stands };
}

/** Reads a token. Throws `TokenError` with one sentence. */
export function parseToken(text: string): Token {
  const fields = text.trim().split('/');
  if (fields[0] !== MAGIC) throw new TokenError(`a token begins with ${MAGIC}/, this one with "${text.trim().slice(0, 20)}"`);
  const [, name = '', model = '', fingerprint = '', settings = '', schedule = ''] = fields;
  if (fields.length !== 6 || schedule === '')
    throw new TokenError(`a token has six fields with / between them, this one has ${fields.length}; was it cut?`);
  let scenario: Scenario;
  if (name.startsWith('~')) {
    let json: string;
    try {
      json = fromBase64url(name.slice(1));
    } catch {
      throw new TokenError('the scenario inside the token cannot be read; was the token cut?');
    }
    const parsed = parseScenario(json, 'token');
    if (!('scenario' in parsed)) throw new TokenError(`the scenario inside the token has an error: ${parsed.errors[0]?.message ?? ''}`);
    scenario = parsed.scenario;
  } else {
    const found = findScenario(name);
    if (found === undefined) throw new TokenError(`the token is for the scenario ${name.slice(0, 40)}, which is not built in`);
    scenario = found.scenario;
  }
  const pairs = settings === '-' ? [] : settings.split('+').map((pair) => pair.split('='));
  const all = Object.fromEntries(pairs.map(([key = '', value = '']): [string, string] => [key, value]));
  const { raises = UNBOUNDED, loop } = all;
  if (raises !== UNBOUNDED) throw new TokenError(`the token says raises=${raises.slice(0, 40)}; raises is ${UNBOUNDED}`);
  if (loop !== undefined && !/^\d{1,6}$/.test(loop))
    throw new TokenError(`the token says loop=${loop.slice(0, 40)}; loop is a number of steps`);
  return {
    scenario,
    model,
    fingerprint,
    settings: Object.fromEntries(Object.entries(all).filter(([key]) => !ofLivelocks.has(key))),
    unbounded: all.raises !== undefined,
    loop: loop === undefined ? undefined : Number(loop),
    segments: schedule === '-' ? [] : schedule.split(',').map(parseSegment),
  };
}

function isAssumption(key: string): key is keyof Assumptions {
  return Object.hasOwn(assumptionValues, key);
}

/** The system a token was made for, or the same with another model. Throws `ModelError` or `TokenError`. */
export function systemOf(token: Token, overrides: Overrides = {}): System {
  for (const [key, value] of Object.entries(token.settings)) {
    if (!isAssumption(key)) continue;
    const values: readonly string[] = assumptionValues[key];
    if (!values.includes(value)) throw new TokenError(`the token says ${key}=${value.slice(0, 40)}; ${key} is ${values.join(' or ')}`);
  }
  const of = (wanted: boolean) => Object.fromEntries(Object.entries(token.settings).filter(([key]) => isAssumption(key) === wanted));
  return assembleSystem(token.scenario, {
    model: overrides.model ?? token.model,
    behaviours: { ...of(false), ...overrides.behaviours },
    assumptions: { ...(of(true) as Partial<Assumptions>), ...overrides.assumptions },
    unbounded: token.unbounded,
  });
}

/** What came of a schedule. */
export interface Replayed {
  readonly replay: Replay;
  /** the model is the one the token was made with: every step is the same */
  readonly exact: boolean;
  /** switches that could not be made on this model */
  readonly skipped: readonly string[];
  /** the last steps are a loop: the state behind them is the one before them, so that they can be taken for ever */
  readonly repeats: boolean;
}

/** True if the steps behind the first `from` lead back to the state before them. */
async function leadsBack(system: System, path: readonly number[], from: number): Promise<boolean> {
  if (from >= path.length) return false;
  const machine = await system.machine({ timed: false, record: 0 });
  let before = machine.image();
  path.forEach((action, i) => {
    if (i === from) before = machine.image();
    machine.apply(action);
  });
  return isSame(before, machine.image());
}

/** Replays a token. On another model a CPU goes on to the same label; then everybody runs to rest. */
export async function replayToken(token: Token, system: System): Promise<Replayed> {
  const replay = await Replay.begin(system);
  const exact = system.built.fingerprint === token.fingerprint;
  const skipped: string[] = [];
  for (const segment of token.segments) {
    const back = replay.mark();
    const done = exact ? follow(replay, segment) : approach(replay, segment);
    if (done) continue;
    back();
    skipped.push(showSegment(segment));
  }
  if (!exact) replay.toRest();
  const path = replay.steps.map(({ action }) => action);
  const repeats = exact && skipped.length === 0 && token.loop !== undefined && (await leadsBack(system, path, token.loop));
  return { replay, exact, skipped, repeats };
}

function showSegment({ actor, choice, stands }: Segment): string {
  const step = choice === '' ? '' : ` ${choice}`;
  return `${actor}${step}${stands === undefined ? '' : ` to ${stands.routine}:${stands.line}`}`;
}

function enabledStep(replay: Replay, { actor, choice }: Segment): number | undefined {
  return replay.machine.enabled().find((action) => {
    const step = describeAction(replay.system, action);
    return step.actor === actor && step.choice === choice;
  });
}

function follow(replay: Replay, segment: Segment): boolean {
  for (let i = 0; i < segment.run; i++) {
    const action = enabledStep(replay, segment);
    if (action === undefined) return false;
    replay.apply(action);
  }
  return true;
}

/** Most micro-ops that a CPU is given to reach a label. */
const PATIENCE = 2000;

function approach(replay: Replay, segment: Segment): boolean {
  const { stands } = segment;
  if (stands === undefined) return follow(replay, { ...segment, run: 1 }) && (segment.run === 1 || untilIdle(replay, segment));
  for (let i = 0; i < PATIENCE; i++) {
    const action = enabledStep(replay, segment);
    if (action === undefined) return false;
    const at = replay.apply(action).stands;
    const label = at && replay.system.built.labels[at.label];
    if (label && isSameLabel(label, stands) && at.count === stands.count) return true;
  }
  return false;
}

function isSameLabel(label: Label, stands: NonNullable<Segment['stands']>): boolean {
  return label.routine === stands.routine && hashOf(label.text) === stands.hash;
}

/** The CPU had nothing left to do when it was left. */
function untilIdle(replay: Replay, segment: Segment): boolean {
  for (let i = 0; i < PATIENCE; i++) {
    const action = enabledStep(replay, segment);
    if (action === undefined) return true;
    replay.apply(action);
  }
  return false;
}
