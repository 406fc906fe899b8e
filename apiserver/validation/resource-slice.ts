// Devices on offer: upstream's `validateResourceSliceSpec` (`pkg/apis/resource/validation/validation.go` of 1.34). Fields behind gates that are off
// (counters, nodes of single devices, taints, conditions of binding, shared capacity) never come here.
import {
  type Device,
  type DeviceAttribute,
  fieldError,
  isDns1123Subdomain,
  type ResourcePool,
  type ResourceSliceSpec,
  resourceKinds,
} from '../../api/index.ts';
import { checkNodeSelector } from './affinity.ts';
import { checkLabel, checkPoolName, checkQualifiedName } from './device.ts';
import { checkMap, checkSet } from './device-lists.ts';
import { bytesOf, type Errors, IMMUTABLE_MESSAGE, keysOf, NOT_POSITIVE_MESSAGE, pushInvalid } from './field-errors.ts';
import { goNodeSelectorTerm, goPart } from './go-struct.ts';
import { checkCsiDriverName } from './storage.ts';

const DEVICES_MAX = 128;
const FACTS_MAX = 32;
const VALUE_BYTES_MAX = 64;
/** Domain, slash and identifier. */
const KEY_MAX = 63 + 1 + 32;
const PLACES = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';

const NUMBER = '(0|[1-9]\\d*)';
const PRERELEASE = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)';
const BUILD = '[0-9a-zA-Z-]+';
const SEMVER = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(-${PRERELEASE}(\\.${PRERELEASE})*)?(\\+${BUILD}(\\.${BUILD})*)?$`);

/** @param old absent for a new slice. */
export function checkSlice(errors: Errors, spec: ResourceSliceSpec, old: ResourceSliceSpec | undefined): void {
  checkCsiDriverName(errors, 'spec.driver', spec.driver);
  checkPool(errors, 'spec.pool', spec.pool);
  if (old) {
    checkImmutable(errors, 'spec.pool.name', spec.pool.name, old.pool.name);
    checkImmutable(errors, 'spec.driver', spec.driver, old.driver);
    checkImmutable(errors, 'spec.nodeName', spec.nodeName, old.nodeName);
  }
  checkPlace(errors, 'spec', spec);
  checkSet(errors, 'spec.devices', spec.devices, { max: DEVICES_MAX, item: checkDevice, key: ({ name }) => name, at: '.name' });
}

function checkImmutable(errors: Errors, path: string, value: string | undefined, old: string | undefined): void {
  if (value !== old) errors.push(fieldError.invalid(path, value, IMMUTABLE_MESSAGE));
}

function checkPool(errors: Errors, path: string, { name, resourceSliceCount, generation }: ResourcePool): void {
  checkPoolName(errors, `${path}.name`, name);
  if (resourceSliceCount <= 0) errors.push(fieldError.invalid(`${path}.resourceSliceCount`, resourceSliceCount, NOT_POSITIVE_MESSAGE));
  if (generation < 0) errors.push(fieldError.invalid(`${path}.generation`, generation, 'must be greater than or equal to zero'));
}

/** Which nodes reach the devices: said in one way. */
function checkPlace(errors: Errors, path: string, { nodeName, nodeSelector, allNodes }: ResourceSliceSpec): void {
  const given: string[] = [];
  if (nodeName === '') errors.push(fieldError.invalid(`${path}.nodeName`, '', 'must be either unset or set to a non-empty string'));
  else if (nodeName !== undefined) {
    given.push('`nodeName`');
    pushInvalid(errors, `${path}.nodeName`, nodeName, isDns1123Subdomain(nodeName));
  }
  if (nodeSelector) {
    given.push('`nodeSelector`');
    checkNodeSelector(errors, `${path}.nodeSelector`, nodeSelector);
    const { nodeSelectorTerms: terms } = nodeSelector;
    if (terms?.length !== 1) {
      const at = `${path}.nodeSelector.nodeSelectorTerms`;
      errors.push(fieldError.invalid(at, terms?.map(goNodeSelectorTerm) ?? null, 'must have exactly one node selector term'));
    }
  }
  if (allNodes) given.push('`allNodes`');
  else if (allNodes === false) errors.push(fieldError.invalid(`${path}.allNodes`, false, 'must be either unset or set to true'));
  if (given.length === 0) errors.push(fieldError.required(path, PLACES));
  if (given.length > 1) errors.push(fieldError.invalid(path, `{${given.join(', ')}}`, `${PLACES}, but multiple fields are set`));
}

function checkDevice(errors: Errors, path: string, { name, attributes, capacity }: Device): void {
  checkLabel(errors, `${path}.name`, name);
  const facts = keysOf(attributes).length + keysOf(capacity).length;
  if (facts > FACTS_MAX) {
    errors.push(fieldError.invalid(path, facts, `the total number of attributes and capacities must not exceed ${FACTS_MAX}`));
  }
  checkMap(errors, `${path}.attributes`, attributes, { keyMax: KEY_MAX, key: checkQualifiedName, item: checkAttribute });
  checkMap(errors, `${path}.capacity`, capacity, { keyMax: KEY_MAX, key: checkQualifiedName });
}

function checkAttribute(errors: Errors, path: string, attribute: DeviceAttribute): void {
  const { int, bool, string, version } = attribute;
  if (string !== undefined && bytesOf(string) > VALUE_BYTES_MAX) errors.push(fieldError.tooLong(`${path}.string`, VALUE_BYTES_MAX));
  if (version !== undefined) checkVersion(errors, `${path}.version`, version);
  const given = [int, bool, string, version].filter((value) => value !== undefined).length;
  if (given === 0) errors.push(fieldError.required(path, 'exactly one value must be specified'));
  if (given > 1) {
    const printed = goPart(resourceKinds.resourceslices, ['spec', 'devices', 'attributes'], attribute);
    errors.push(fieldError.invalid(path, printed, 'exactly one value must be specified'));
  }
}

function checkVersion(errors: Errors, path: string, version: string): void {
  if (!SEMVER.test(version)) errors.push(fieldError.invalid(path, version, 'must be a string compatible with semver.org spec 2.0.0'));
  if (bytesOf(version) > VALUE_BYTES_MAX) errors.push(fieldError.tooLong(path, VALUE_BYTES_MAX));
}
