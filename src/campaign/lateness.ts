/** Lost or late: what became of each event of a timed run, and what held up those that took too long, span by span. */
import { Drop, Event, Hold, NONE, Note, Property } from '../core/index.js';
import { labelOf } from '../kernel/model/index.js';
import type { EventRecord, RecordTaker } from '../machine/index.js';
import type { System } from '../scenario/index.js';
import type { DeadlineReport, Held, LateEvent } from './deadline.js';
import { dropped, telling } from './where.js';

/** Kinds of events that a `Lateness` takes; of others it knows nothing to do. */
export const concerning: readonly EventRecord['kind'][] = [...telling, 'raise', 'hold', 'serve', 'acknowledge', 'note', 'flag'];

const TELLING: ReadonlySet<Event> = new Set(telling.map((kind) => Event[kind]));
const LAST = 1000;

/** Events that are kept one by one. */
const KEPT = 10_000;

const names: Readonly<Record<Exclude<Hold, Hold.done>, Held['by']>> = {
  [Hold.device]: 'device',
  [Hold.flight]: 'in flight',
  [Hold.posted]: 'posted',
  [Hold.offline]: 'CPU offline',
  [Hold.interruptsOff]: 'interrupts off',
  [Hold.service]: 'in service',
  [Hold.priority]: 'priority',
  [Hold.recognition]: 'recognition',
  [Hold.lock]: 'lock',
  [Hold.wait]: 'wait',
  [Hold.handler]: 'handler',
  [Hold.kernel]: 'put off',
  [Hold.task]: 'task',
  [Hold.nothing]: 'nothing',
};

/** What holds events up; there is one for each text. */
type Hindrance = Pick<Held, 'by' | 'what'>;

const inDevice: Hindrance = { by: 'device', what: '' };
const masked: Hindrance = { by: 'masked', what: '' };

/** Cycles by what held the event up, in the order in which it began to. */
class Spans {
  readonly #all = new Map<Hindrance, number>();

  add(hindrance: Hindrance, cycles: number): void {
    if (cycles !== 0) this.#all.set(hindrance, (this.#all.get(hindrance) ?? 0) + cycles);
  }

  clear(): void {
    this.#all.clear();
  }

  addAll(others: Spans): void {
    for (const [hindrance, cycles] of others.#all) this.add(hindrance, cycles);
  }

  get list(): Held[] {
    return Array.from(this.#all, ([{ by, what }, cycles]) => ({ by, what, cycles }));
  }
}

/** The event of a source, if one is owed. */
class Open {
  owed = false;
  /** cycle */
  raised = 0;
  readonly spans = new Spans();
  /** what holds it, and since when */
  hold = inDevice;
  cpu: number = NONE;
  since = 0;

  begin(time: number): void {
    this.owed = true;
    this.raised = time;
    this.spans.clear();
    this.hold = inDevice;
    this.cpu = NONE;
    this.since = time;
  }

  /** What held it up to now did so until now. */
  close(time: number): void {
    this.spans.add(this.hold, time - this.since);
    this.since = time;
  }
}

/** Reads the records of a run. */
export class Lateness {
  readonly #system: System;
  readonly #deadline: number;
  /** the last records that are `telling`: so many, or some more */
  readonly last: EventRecord[] = [];
  /** by source */
  readonly #open: readonly Open[];
  readonly #held = new Spans();
  /** by what a record says in numbers, and by text */
  readonly #known = new Map<number, Hindrance>();
  readonly #texts = new Map<string, Hindrance>([['device ', inDevice]]);
  readonly #events: LateEvent[] = [];
  readonly #counts = { inTime: 0, late: 0, lost: 0, withdrawn: 0, coalesced: 0 };
  /** what took a message or a vector away, at which cycle */
  #gone: { readonly time: number; readonly why: string } | undefined;
  /** by CPU: what its handler said of the vector it was entered for */
  readonly #said: (string | undefined)[];

  constructor(system: System, deadline: number) {
    this.#system = system;
    this.#deadline = deadline;
    this.#open = system.names.sources.map(() => new Open());
    this.#said = system.names.cpus.map(() => undefined);
  }

  /** Reads a record. */
  readonly take: RecordTaker = (time, kind, a, b, c) => {
    if (TELLING.has(kind)) this.#keep({ time: BigInt(time), kind: Event[kind] as EventRecord['kind'], a, b, c });
    switch (kind) {
      case Event.raise:
        this.#raise(a, time);
        break;
      case Event.hold:
        this.#hold(a & 0xffff, time, a >>> 16, b, c);
        break;
      case Event.serve:
        this.#end(a, time, 'late');
        break;
      case Event.lost:
        this.#end(a, time, 'lost', this.#whyLost(a, time));
        break;
      case Event.drop:
        this.#gone = { time, why: `${a === NONE || c === Drop.masked ? '' : this.#carrier(a, b, c)}dropped: ${dropped[c as Drop]}` };
        break;
      case Event.init:
        this.#gone = { time, why: `INIT empties the IRR of ${this.#cpu(a)}` };
        break;
      case Event.fault:
        this.#gone = { time, why: `a remapping unit refuses the request, entry ${b & 0xffff}` };
        break;
      case Event.acknowledge:
        this.#said[a] = undefined;
        break;
      case Event.note:
        if (b === (Note.swallowed as number)) this.#said[c] = 'a slot that was marked on purpose swallows its vector';
        break;
      case Event.flag:
        if (b === (Property.noStray as number)) this.#said[c] = 'its vector finds an empty slot';
        break;
      default:
    }
  };

  #keep(record: EventRecord): void {
    this.last.push(record);
    if (this.last.length > 2 * LAST) this.last.splice(0, LAST);
  }

  #raise(source: number, time: number): void {
    const open = this.#open[source];
    if (open?.owed === true) this.#counts.coalesced++;
    else open?.begin(time);
  }

  #carrier(a: number, vector: number, why: number): string {
    const ofDevice = why === Drop.disabledDevice || why === Drop.silenced || why === Drop.wildWrite;
    return ofDevice ? '' : `vector 0x${vector.toString(16)} at ${this.#cpu(a)} `;
  }

  #cpu(c: number): string {
    return this.#system.names.cpus[c] ?? 'no CPU';
  }

  #whyLost(source: number, time: number): string {
    if (this.#gone?.time === time) return this.#gone.why;
    const open = this.#open[source];
    const said = open?.owed === true ? this.#said[open.cpu] : undefined;
    if (open !== undefined && said !== undefined) return `${said} on ${this.#cpu(open.cpu)}`;
    const { by, what } = open?.owed === true ? open.hold : inDevice;
    return `nothing carries it any more; before that: ${[by, what].filter(Boolean).join(', ')}`;
  }

  /** From now on something else holds up the event. */
  #hold(source: number, time: number, kind: Hold, about: number, cpu: number): void {
    const open = this.#open[source];
    if (open?.owed !== true) return;
    open.close(time);
    if (kind === Hold.done) {
      this.#counts.withdrawn++;
      open.owed = false;
      return;
    }
    open.hold = kind === Hold.device && about !== 0 ? masked : this.#hindrance(kind, about, cpu);
    open.cpu = cpu;
  }

  #hindrance(kind: Exclude<Hold, Hold.done>, about: number, cpu: number): Hindrance {
    // 32, 16 and 4 bits
    const key = (about * 0x10000 + cpu) * 16 + kind;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const by = names[kind];
    const what = this.#what(kind, about, cpu);
    const text = `${by} ${what}`;
    const found = this.#texts.get(text) ?? { by, what };
    this.#texts.set(text, found);
    this.#known.set(key, found);
    return found;
  }

  /** Where, and by whom. */
  #what(kind: Hold, about: number, cpu: number): string {
    const { names: all, built } = this.#system;
    const on = cpu === NONE ? '' : this.#cpu(cpu);
    switch (kind) {
      case Hold.interruptsOff:
      case Hold.task:
      case Hold.wait:
        return `${on}: ${this.#place(about, kind === Hold.wait)}`;
      case Hold.service:
        return `${on}: ${about === NONE ? 'another handler' : `handler of ${all.sources[about] ?? '?'}`}`;
      case Hold.priority:
        return `${on}: 0x${about.toString(16)}`;
      case Hold.lock: {
        const holder = about >>> 16;
        return `${on}: ${built.variables[about & 0xffff]?.name ?? '?'}${holder === 0xffff ? '' : `, held by ${this.#cpu(holder)}`}`;
      }
      default:
        return on;
    }
  }

  /** The routine that an instruction is in; of a wait also what for. */
  #place(instruction: number, whole: boolean): string {
    if (instruction === NONE) return 'idle';
    const label = labelOf(this.#system.built, instruction);
    if (label === undefined) return `instruction ${instruction}`;
    return whole ? `${label.routine}: ${label.text}` : label.routine;
  }

  /** An event is over, or the run is. */
  #end(source: number, time: number, outcome: LateEvent['outcome'], lostAt?: string): void {
    const open = this.#open[source];
    if (open?.owed !== true) return;
    open.close(time);
    const latency = time - open.raised;
    const late = Math.max(0, latency - this.#deadline);
    open.owed = false;
    if (outcome !== 'lost' && late === 0) {
      if (outcome === 'late') this.#counts.inTime++;
      return;
    }
    const held = open.spans.list;
    if (outcome === 'lost') this.#counts.lost++;
    else {
      this.#counts.late++;
      this.#held.addAll(open.spans);
    }
    if (this.#events.length === KEPT) return;
    const name = this.#system.names.sources[source] ?? '?';
    this.#events.push({ source: name, raised: open.raised, outcome, latency, late, ...(lostAt !== undefined && { lostAt }), held });
  }

  /** The run has ended: what is not handled by now is late if its deadline has passed, and not lost. */
  end(now: number): DeadlineReport {
    const open = this.#open.filter(({ owed }) => owed).length;
    const before = this.#counts.late;
    this.#open.forEach((_, source) => {
      this.#end(source, now, 'overdue');
    });
    const { inTime, late, lost, withdrawn, coalesced } = this.#counts;
    return {
      deadline: this.#deadline,
      inTime,
      late: { count: late, held: this.#held.list.toSorted((a, b) => b.cycles - a.cycles) },
      lost,
      onTheirWay: open - (late - before),
      withdrawn,
      coalesced,
      events: this.#events,
    };
  }
}
