/** What drivers say when an interrupt does not come. */
import { part, told, type ExplainedField, type Told } from './explained.js';
import { form, type Form } from './form.js';
import { HANDLER_EVENTS, VECTOR_EVENTS } from './hints.js';
import { lapicEarly, noFlush, tornOffline } from './races.js';

const CAUSES = [
  'The interrupt was lost on its way: its irq was being moved, its CPU went offline, or its remapping entry changed. A device that waits for its handler never sends another.',
  'The message goes nowhere: MSI disabled, masked, cleared by a reset or resume, or blocked by a remapping unit.',
  'The handler ran and saw nothing: the interrupt came before the data that it announces.',
  'The device itself has stopped: then polling finds nothing either.',
];

const next = (irq: string): string[] => [
  `/proc/interrupts, ${irq}: does its count still grow? ${HANDLER_EVENTS}`,
  'dmesg before it: "No irq handler for vector", DMAR or AMD-Vi faults, a CPU that went offline, suspend',
  VECTOR_EVENTS,
];

function missing(summary: string, fields: readonly ExplainedField[], irq: string, more: readonly string[] = []): Told {
  return told('missing-interrupt', summary, {
    fields,
    causes: CAUSES,
    next: [...next(irq), ...more],
    resembles: [lapicEarly, tornOffline, noFlush],
  });
}

const PCI = '(?<device>(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7])';

export const symptomForms: readonly Form[] = [
  form(
    /nvme (?<name>nvme\d+): I\/O (?:tag )?(?<tag>\d+).*?QID (?<queue>\d+) timeout, completion polled/,
    ({ name = '', tag = '', queue = '' }) =>
      missing(
        `A command of ${name} was done, and its interrupt never came: the driver found the completion by polling.`,
        [
          part('controller', name),
          part('command', tag),
          part('queue', queue, queue === '0' ? 'the admin queue' : `${name}q${queue} in /proc/interrupts`),
        ],
        `row ${name}q${queue}`,
      ),
  ),
  form(/\b(?<port>ata\d+): lost interrupt \(Status 0x(?<status>[0-9a-f]+)\)/, ({ port = '', status = '' }) =>
    missing(
      `A command on ${port} timed out although the drive is not busy: its interrupt did not come.`,
      [part('port', port), part('status', `0x${status}`, 'BSY (bit 7) is clear: the drive has finished')],
      'row ata_piix, or that of the controller',
    ),
  ),
  form(new RegExp(`${PCI}: xHCI host (?:controller )?not responding(?: to stop endpoint command|, assume dead)`), ({ device = '' }) =>
    missing(
      'The xHCI controller did not answer a command: its events are not read any more, or it has stopped. Its driver gives it up.',
      [part('device', device)],
      'row xhci_hcd',
      [`lspci -vv -s ${device}: is MSI Enable+? irqlab explain --msi ADDRESS DATA says where it goes`],
    ),
  ),
  form(/No response from codec, disabling MSI/, () =>
    missing(
      'The audio controller got no answer from its codec by interrupt: the driver gives up MSI and uses INTx.',
      [],
      'row snd_hda_intel',
    ),
  ),
  form(/Fence fallback timer expired on ring (?<ring>\S+)/, ({ ring = '' }) =>
    missing(
      `A fence of ring ${ring} was signalled, and the interrupt that says so did not come: the driver found it with its timer.`,
      [part('ring', ring)],
      'row amdgpu or radeon',
    ),
  ),
  form(
    /NETDEV WATCHDOG: (?<name>\S+?):? (?:\((?<driver>[^)]*)\): )?(?:CPU: \d+: )?transmit (?:queue (?<queue>\d+) )?timed out/,
    ({ name = '', driver = '', queue = '0' }) =>
      missing(
        `Queue ${queue} of ${name} has not finished a packet in time: its completion interrupt did not come, or the card has stopped.`,
        [part('interface', name, driver), part('queue', queue)],
        `rows of ${name}`,
      ),
  ),
];
