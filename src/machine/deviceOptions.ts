/** The option `devices`: PCI functions, or the ids of requesters that only write. */
import { describe } from '../words.js';
import { choose, flag, oneOf, whole, type Choices } from './choices.js';
import type { DeviceModel, DeviceOptions, MsiModel, MsixModel } from './deviceModel.js';

type Given = number | readonly number[] | readonly DeviceOptions[] | undefined;

const MOST_DEVICES = 1024;

const deviceChoices = (i: number): Choices<Pick<DeviceModel, 'requester' | 'bmeOffPolicy' | 'softReset'>> => ({
  requester: whole((i + 1) << 3, 0, 0xffff),
  bmeOffPolicy: oneOf('retain', 'drop'),
  softReset: flag(false),
});

const msiChoices: Choices<MsiModel> = { vectors: oneOf(1, 2, 4, 8, 16, 32), address64: flag(true), maskable: flag(false) };

const msixChoices: Choices<MsixModel> = { vectors: whole(1, 1, 2048), entryCache: oneOf('off', 'latch-at-unmask') };

function isObject(given: unknown): given is DeviceOptions {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

function deviceOf(given: DeviceOptions, i: number): DeviceModel {
  const where = `devices[${i}]`;
  const { msi, msix, ...rest } = given;
  // a name that is wrong is told among all that there are
  const own = choose<DeviceModel>(
    where,
    { ...deviceChoices(i), msi: capability, msix: capability },
    { ...rest, ...(msi && { msi: msi as MsiModel }), ...(msix && { msix: msix as MsixModel }) },
  );
  return {
    ...own,
    msi: own.msi && choose(`${where}.msi`, msiChoices, own.msi),
    msix: own.msix && choose(`${where}.msix`, msixChoices, own.msix),
  };
}

/** What it says is looked at apart. */
const capability = { standard: undefined, fits: () => true, wanted: '' };

/** The functions that are given as objects; none where requester ids are. Throws RangeError with one sentence. */
export function devicesOf(given: Given): readonly DeviceModel[] {
  if (!Array.isArray(given)) {
    choose('Machine.create', { devices: whole(0, 0, 65536) }, { devices: given as number });
    return [];
  }
  const list: readonly unknown[] = given;
  if (!list.some(isObject)) {
    const wrong = list.find((id) => !Number.isInteger(id) || Number(id) < 0 || Number(id) > 0xffff);
    if (wrong !== undefined) throw new RangeError(`a requester id is a whole number from 0 to 65535, not ${describe(wrong)}`);
    return [];
  }
  const other = list.find((each) => !isObject(each));
  if (other !== undefined) throw new RangeError(`devices is a list of requester ids or a list of objects, not of both: ${describe(other)}`);
  if (list.length > MOST_DEVICES) throw new RangeError(`a machine has at most ${MOST_DEVICES} devices, not ${list.length}`);
  const devices = list.filter(isObject).map(deviceOf);
  const twice = devices.find(({ requester }, i) => devices.findIndex((each) => each.requester === requester) !== i);
  if (twice !== undefined) throw new RangeError(`two devices have the requester id ${twice.requester}; each has one of its own`);
  return devices;
}

/** Requesters that may write, undefined: any. The option must be one that `devicesOf` has taken. */
export function requestersOf(given: Given): ReadonlySet<number> | undefined {
  if (given === undefined) return undefined;
  if (typeof given === 'number') return new Set(Array.from({ length: given }, (_, i) => i));
  const devices = devicesOf(given);
  return new Set(devices.length > 0 ? devices.map(({ requester }) => requester) : (given as readonly number[]));
}
