/**
 * A kernel that runs, preempts, moves, blocks and wakes a virtual CPU to which devices post (hardware.md E.3, E.4), right or wrong in
 * one thing or another. A CPU that runs the guest has no context: what happens to it is its handler of the notification vector, which
 * in guest mode does what the CPU does by itself.
 */
import { PidControl, PidWord, Started } from '../../src/core/index.js';
import { ne, SELF, type Assembler, type Builder, type Declarations, type Descriptors, type Variable } from '../../src/kernel/index.js';
import { ANV, control, invalidate, postedEntry, remapAll, remappedEntry, remapping, setControl, setRow, VECTOR, WNV } from './posted.js';
import { operation, task, type ToyKernel } from './toy.js';

type State = 'running' | 'preempted' | 'blocked';
type Act = 'preempt' | 'load' | 'block' | 'kick' | 'unpost';

export interface VcpuVariant {
  /** on CPU 0, at the start */
  readonly from: State;
  /** what is done: CPU 0 preempts and blocks, CPU 1 loads and wakes */
  readonly does: readonly Act[];
  /** the CPU in guest mode clears ON before it takes PIR, or behind that */
  readonly guest?: 'clear first' | 'harvest first';
  /** behind the clearing of SN: PIR is looked at, was looked at before, or is not at all */
  readonly recheck?: 'after' | 'before' | 'none';
  /** NDST, NV and SN change in one step, or by a load and stores */
  readonly update?: 'atomic' | 'stores';
  /** NDST changes with the others, or once the guest runs */
  readonly ndst?: 'first' | 'late';
  /** a VM entry takes PIR if ON is set, or does not look */
  readonly entry?: 'sync' | 'blind';
  /** what a running, or a blocked, vCPU has for SN and NV */
  readonly runs?: { readonly sn?: 0 | 1; readonly nv?: number };
  readonly waits?: { readonly sn?: 0 | 1; readonly nv?: number };
  /** list, NV and ON when it blocks, in this order */
  readonly order?: readonly ('list' | 'nv' | 'on')[];
  /** what unposting does behind the new entry, in this order */
  readonly unpost?: readonly ('flush' | 'drain' | 'free')[];
  readonly urgent?: boolean;
  /** preempted, it is on the list with this NV, so that urgent requests get it to run */
  readonly calls?: number;
  /** devices that post to it, by vectors one behind the other */
  readonly devices?: 1 | 2;
}

/** Bit of VECTOR in its word of PIR. */
const [WORD, BIT] = [VECTOR >> 5, VECTOR & 31];
/** The vector of the host that the device has behind unposting. */
const HOST = VECTOR - 1;
const OPEN = { visible: true } as const;

export interface VcpuKernel extends ToyKernel {
  readonly pid: Descriptors<'vcpu'>;
  readonly virr: Variable<'bool', readonly ['irq']>;
}

export function vcpuKernel(variant: VcpuVariant): (k: Assembler, d: Declarations) => VcpuKernel {
  const { from, does, guest = 'clear first', recheck = 'after', update = 'atomic', ndst = 'first', entry = 'sync' } = variant;
  const { order = ['list', 'nv', 'on'], unpost = ['flush', 'drain', 'free'], runs, waits, urgent = false, calls, devices = 1 } = variant;
  const running = { sn: 0, nv: ANV, ...runs } as const;
  const waiting = { sn: 0, nv: WNV, ...waits } as const;
  return (k, d) => {
    const table = remapping(d);
    const pid = d.descriptors('pi_desc', 'vcpu');
    /** the virtual-APIC page: VIRR, by irq */
    const virr = d.variable('virr', 'bool', ['irq'], { ...OPEN, carrier: true });
    const inGuest = d.variable('in_guest', 'bool', ['cpu'], OPEN);
    const onList = d.variable('wakeup_list', 'bool', ['cpu'], OPEN);
    /** nobody has to handle its events while a vCPU is not to run: they wait in PIR */
    const started = d.variable('started', 'u8', ['irq'], {
      bits: 2,
      initial: () => (from === 'preempted' && calls === undefined ? Started.disabled : Started.yes),
    });

    const control8 = [0, PidWord.control] as const;
    const harvest = (b: Builder): void => {
      const bits = b.exchange(pid, [0, WORD], 0);
      for (let i = 0; i < devices; i++) b.if(ne(b.and('u32', bits, 1 << (BIT + i)), 0), () => b.store(virr, [i], 1));
    };
    /** Steps 6 and 7: the guest's handler runs, and takes the vector out of VIRR. */
    const deliver = (b: Builder): void => {
      for (let i = 0; i < devices; i++)
        b.if(b.load(virr, [i]), () => {
          b.serve(i, 0, 'the guest’s handler');
          b.store(virr, [i], 0);
        });
    };

    const notification = k.routine('notification', { vector: 'vector' }, (b) => {
      const builder = b as unknown as Builder;
      b.if(
        b.load(inGuest, [SELF]),
        () => {
          if (guest === 'harvest first') harvest(builder);
          b.clearOn(pid, 0);
          b.lapicWrite('eoi', 0);
          if (guest === 'clear first') harvest(builder);
          deliver(builder);
        },
        () => b.lapicWrite('eoi', 0, 'a host has nothing to do with it'),
      );
      b.iret();
    });
    /** The entry into the guest, interrupts off: what is notified from here on, the CPU in guest mode takes. */
    const enter = (b: Builder): void => {
      b.cli();
      if (entry === 'sync')
        b.if(b.isOn(pid, 0), () => {
          b.clearOn(pid, 0);
          harvest(b);
        });
      b.store(inGuest, [SELF], 1);
      deliver(b);
      b.sti();
    };
    const load = (b: Builder): void => {
      const destination = b.shl('u32', b.constant('apicId', SELF), 8);
      b.store(started, [0], Started.yes);
      const check = (): void => b.if(ne(b.load(pid, [0, WORD]), 0), () => void b.setOn(pid, 0));
      if (recheck === 'before') check();
      if (update === 'stores') {
        const old = b.load(pid, control8);
        b.store(pid, [0, PidWord.ndst], destination);
        b.store(pid, control8, b.or('u32', b.and('u32', old, PidControl.on), control(running)));
      } else b.controlSet(pid, 0, ndst === 'first' ? { ...running, ndst: destination } : running);
      if (recheck === 'after') check();
      enter(b);
      if (ndst === 'late') b.controlSet(pid, 0, { ndst: destination });
    };
    const run = task(k, 'vcpu_run', load);
    const wakeup = k.routine('wakeup', { vector: 'vector' }, (b) => {
      b.if(b.load(onList, [SELF]), () =>
        b.if(b.isOn(pid, 0), () => {
          b.store(onList, [SELF], 0);
          b.wake(1, 'thread', run);
        }),
      );
      b.lapicWrite('eoi', 0);
      b.iret();
    });

    const blocking = (b: Builder): void => {
      const changed = b.let('u32', 0);
      const steps = {
        list: () => b.store(onList, [SELF], 1),
        nv: () => b.set(changed, b.controlSet(pid, 0, waiting)),
        // the value that the change of NV has found, or one read before
        on: () => {
          if (order.indexOf('on') < order.indexOf('nv')) b.set(changed, b.load(pid, control8));
          b.if(ne(b.and('u32', changed, PidControl.on), 0), () => b.ipi(b.constant('apicId', SELF), WNV));
        },
      };
      b.store(inGuest, [SELF], 0);
      for (const step of order) steps[step]();
    };
    const unposting = (b: Builder): void => {
      b.storeRow(table.irte, 0, table.entries, 1);
      const steps = {
        flush: () => invalidate(b, table),
        drain: () => {
          harvest(b);
          deliver(b);
        },
        // a bit that no descriptor may have stands for what others have there now
        free: () => b.store(pid, control8, 4),
      };
      for (const step of unpost) steps[step]();
      b.store(started, [0], Started.yes);
    };
    const acts: Record<Act, (b: Builder) => void> = {
      preempt: (b) => {
        b.store(inGuest, [SELF], 0);
        b.store(started, [0], Started.disabled);
        b.controlSet(pid, 0, { sn: 1 });
      },
      load,
      block: blocking,
      // somebody wants it to run, whatever its devices do
      kick: (b) => {
        b.store(onList, [0], 0);
        load(b);
      },
      unpost: unposting,
    };
    const host = k.routine('host_handler', { vector: 'vector' }, (b) => {
      b.serve(0, 0);
      b.lapicWrite('eoi', 0);
      b.iret();
    });
    return {
      pid,
      virr,
      started,
      handlers: { [ANV]: notification, [WNV]: wakeup, [HOST]: host },
      operations: does.map((act) => ({ cpu: act === 'load' || act === 'kick' ? 1 : 0, routine: operation(k, act, acts[act]) })),
      boot: (machine) => {
        remapAll(machine, table);
        const address = machine.descriptorAddress(pid.slot, 0);
        for (let i = 0; i < devices; i++) setRow(machine, table.irte, i, postedEntry(address, { urgent, vector: VECTOR + i }));
        setRow(machine, table.entries, 1, remappedEntry(HOST, 0));
        const words = { running: control(running), preempted: control({ sn: 1, nv: calls ?? ANV }), blocked: control(waiting) };
        setControl(machine, pid, 0, words[from], 0);
        machine.setVariable(inGuest.slot, 0, 0, from === 'running' ? 1 : 0);
        machine.setVariable(onList.slot, 0, 0, from === 'blocked' || calls !== undefined ? 1 : 0);
      },
    };
  };
}
