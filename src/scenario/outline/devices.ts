/** The devices of a file, and what each says of its messages. */
import * as z from 'zod';
import type { Entry, Written } from '../groups.js';
import { irqNumber, messageCount, messageTypes, socketNumber } from '../schema/index.js';
import { socketOf } from '../sockets.js';
import type { Path } from '../source.js';
import { accepted, at, mapping, textOf, type At, type Mapping } from './reading.js';

/** A device, of an entry that may stand for several. */
export interface DeviceOutline {
  readonly path: Path;
  readonly name: string | undefined;
  /** of an entry that stands for several, all of its devices */
  readonly isGroup: boolean;
  readonly socket: number;
}

/** The key `message` of a device; what the schema refuses is as if it were not there. */
export interface MessageOutline {
  readonly path: Path;
  readonly type: (typeof messageTypes)[number];
  /** keys that stand there */
  readonly given: readonly string[];
  readonly vectors: number | undefined;
  readonly isLevel: boolean;
  readonly trigger: unknown;
  /** of the IOAPIC; undefined: the device is on none, or it cannot be read */
  readonly pin: At<number> | undefined;
  /** name of the device; undefined: it has none */
  readonly device: string | undefined;
  /** how many irqs the device has */
  readonly irqs: number;
}

/** How many devices an entry is, and their irqs. */
export function entryOf({ name, count, irqs }: Mapping): Entry {
  const first = accepted(irqNumber, mapping(irqs)['first']);
  return {
    name: textOf(name),
    count: count === undefined ? undefined : (accepted(z.int().min(1), count) ?? 1),
    irqs: Array.isArray(irqs)
      ? irqs.map((irq) => accepted(irqNumber, mapping(irq)['irq']))
      : { count: accepted(messageCount, mapping(irqs)['count']) ?? 0, first },
  };
}

/** The devices of all entries in order. */
export function devicesOf(entries: readonly Mapping[], written: readonly Written[], sockets: number): readonly DeviceOutline[] {
  return written.map(({ entry, name }, place): DeviceOutline => {
    const given = accepted(socketNumber, entries[entry]?.['socket']);
    return {
      path: ['devices', entry],
      name,
      isGroup: entries[entry]?.['count'] !== undefined,
      socket: given ?? socketOf(place, written.length, sockets),
    };
  });
}

/** The key `message` of a device; `entry`: of the list of devices. */
export function messageOf({ message, kind }: Mapping, path: Path, name: string | undefined, irqs: number): MessageOutline {
  const { type, vectors, pin = 0 } = mapping(message);
  return {
    path: message === undefined ? path : [...path, 'message'],
    type: messageTypes.find((each) => each === type) ?? 'msi',
    given: Object.keys(mapping(message)),
    vectors: accepted(messageCount, vectors),
    isLevel: kind === 'level',
    trigger: mapping(message)['trigger'],
    pin: type === 'ioapic' ? at(pin, [...path, 'message'], (read) => (typeof read === 'number' ? read : undefined)) : undefined,
    device: name,
    irqs,
  };
}
