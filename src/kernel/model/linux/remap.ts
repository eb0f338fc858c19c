/**
 * Moving a remapped interrupt (linux.md 2.6 b): the device is left alone, its entry in the remapping table changes, and what units have
 * cached of it is invalidated before the old vector is given up.
 */
import { ne, type Builder, type Reg } from '../../index.js';
import type { Placement } from '../model.js';
import { amdLayout } from './amdVi.js';
import type { Chip, ChipParts } from './chip.js';
import type { PinEntries } from './ioapic.js';
import { isPin, PINS } from './irqKinds.js';
import { State } from './data.js';
import type { RemapTable } from './remapTable.js';
import { isAmd, isRemapped } from './target.js';
import { OK } from './vector.js';
import { vtdEntries } from './vtd.js';

/** Entries of remapping tables, and how many of each a check looks at; undefined: nothing is remapped. */
export function remapSize(placement: Placement): { readonly rows: number; readonly used: number } | undefined {
  if (!isRemapped(placement)) return undefined;
  if (isAmd(placement)) return amdLayout(placement);
  const entries = vtdEntries(placement);
  return { rows: entries, used: entries };
}

export function remapChip({ k, d, v, messages, kinds, pins }: ChipParts, table: RemapTable): Chip {
  const { registers, write: writeMessage } = messages;

  /** The old vector is cleaned up at once: behind the flush, nothing arrives there any more. */
  const irSetAffinity = k.routine(
    table.setAffinity,
    { irq: 'irq', mask: 'ref' },
    (b, { irq, mask }) => {
      const ret = b.call(v.apicSetAffinity, { irq, mask });
      b.if(ne(ret, OK), () => b.return(ret));
      table.change(b as unknown as Builder, irq);
      v.sendCleanup(b, irq);
      b.return(OK);
    },
    { result: 'u8' as const, holds: [d.descLock] },
  );

  /** For an irq on a pin, and for any other. */
  const byPin = (b: Builder, irq: Reg<'irq'>, onPin: (entries: PinEntries) => void, others: () => void): void =>
    kinds.choose(b, irq, PINS, { these: () => pins && onPin(pins), others });
  const writeRequest = (b: Builder, irq: Reg<'irq'>): void =>
    b.if(ne(b.load(d.started, [irq]), State.SUSPENDED), () =>
      b.call(writeMessage, { irq, address: table.requestAddress(b, irq), data: table.requestData(b, irq) }),
    );
  return {
    setAffinity: (b, irq, mask) => b.call(irSetAffinity, { irq, mask }),
    deferred: false,
    mask: registers.mask,
    unmask: registers.unmask,
    reservable: registers.reservable,
    pins,
    posting: table.posting,
    // the entry is there before anything can ask for it
    activate(b, irq) {
      table.activate(b, irq);
      byPin(
        b,
        irq,
        (entries) => entries.write(b, irq),
        () => writeRequest(b, irq),
      );
    },
    restore: (b, irq) =>
      byPin(
        b,
        irq,
        () => undefined,
        () => writeRequest(b, irq),
      ),
    deactivate(b, irq) {
      byPin(
        b,
        irq,
        (entries) => entries.clear(b, irq),
        () => b.call(writeMessage, { irq, address: 0, data: 0 }),
      );
      table.deactivate(b, irq);
    },
    release: (b, irq) => table.release(b, irq),
    // the device asks for its entry, and that says what the kernel believes
    judge(b, irq) {
      byPin(
        b,
        irq,
        (entries) => entries.judge(b, irq),
        () => table.judgeRequest(b, irq),
      );
      table.judgeEntry(b, irq);
    },
    boot(machine, irq, target, masked) {
      table.boot(machine, irq, target);
      if (isPin(kinds.of(irq))) pins?.boot(machine, irq, target, masked);
      else registers.boot(machine, irq, table.request(irq), masked);
    },
    target: (machine, irq) => table.target(machine, irq),
  };
}
