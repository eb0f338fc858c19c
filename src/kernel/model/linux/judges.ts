/** Properties that need the kernel's data (design 4), as routines that only read: run at once, on a state after the probe. */
import { all, eq, lt, ne, type Assembler } from '../../index.js';
import type { Chip } from './chip.js';
import { State, type LinuxData } from './data.js';

export function addJudges(k: Assembler, d: LinuxData, chip: Chip) {
  /** `no-leak`: every allocated vector is somebody's target, and nothing is queued for an offline CPU. */
  const noLeak = k.routine('judge_no_leak', {}, (b) => {
    const cpus = b.constant('cpus');
    const irqs = b.constant('sources');
    const cpu = b.let('cpu', 0);
    b.while(lt(cpu, cpus), () => {
      b.if(
        all(
          () => eq(b.maskTest(d.cpuOnlineMask, [], cpu), 0),
          () => ne(b.load(d.cleanupList.heads, [cpu]), 0),
        ),
        () => b.flag('noLeak', cpu),
      );
      const vector = b.constant('vectorLo');
      b.while(lt(vector, b.constant('vectorHi')), () => {
        b.if(b.maskTest(d.allocMap, [cpu], vector), () => {
          const irq = b.let('irq', 0);
          b.while(lt(irq, irqs), () => {
            b.if(
              all(
                () => eq(b.load(d.apicdCpu, [irq]), cpu),
                () => eq(b.load(d.apicdVector, [irq]), vector),
              ),
              () => b.break(),
            );
            b.set(irq, b.add(irq, 1));
          });
          b.if(eq(irq, irqs), () => b.flag('noLeak', vector));
        });
        b.set(vector, b.add(vector, 1));
      });
      b.set(cpu, b.add(cpu, 1));
    });
  });

  /** `in-step`: what a device would send is what the kernel believes. */
  const inStep = k.routine('judge_in_step', {}, (b) => {
    const irqs = b.constant('sources');
    const irq = b.let('irq', 0);
    b.while(lt(irq, irqs), () => {
      b.if(eq(b.load(d.started, [irq]), State.STARTED), () => {
        chip.judge(b, irq);
      });
      b.set(irq, b.add(irq, 1));
    });
  });

  /** `progress`, its last part: the affinity asked for last has taken effect, unless no CPU of it is online. */
  const affinityDone = k.routine('judge_affinity', {}, (b) => {
    const irqs = b.constant('sources');
    const irq = b.let('irq', 0);
    b.while(lt(irq, irqs), () => {
      const mask = b.load(d.requested, [irq]);
      // what is not started moves when it is
      const started = d.life ? [() => eq(b.load(d.started, [irq]), State.STARTED)] : [];
      b.if(all(ne(mask, 0), ...started), () => {
        b.if(
          all(
            () => ne(b.maskCount(mask, d.cpuOnlineMask), 0),
            () => eq(b.maskTest(mask, b.load(d.apicdCpu, [irq])), 0),
          ),
          () => b.flag('progress', irq),
        );
      });
      b.set(irq, b.add(irq, 1));
    });
  });

  for (const judge of [noLeak, inStep, affinityDone]) k.judge('afterProbe', judge);
}
