// The names that Go gives types, for the messages of its decoder.
import type { FieldType, ScalarType } from '../schema/field.ts';
import type { AnyMessage } from '../schema/message.ts';
import { NAMED_GO_TYPES } from './go-type-names.ts';

const SCALAR_NAMES: Readonly<Record<ScalarType, string>> = {
  string: 'string',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
  bool: 'bool',
  bytes: '[]uint8',
  quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString',
  time: 'v1.Time',
  microTime: 'v1.MicroTime',
  duration: 'v1.Duration',
  rawExtension: 'runtime.RawExtension',
  fieldsV1: 'v1.FieldsV1',
  json: 'v1.JSON',
};

/** `PodSpec` of `io.k8s.api.core.v1.PodSpec`. */
export const structNameOf = (message: AnyMessage): string => message.name.slice(message.name.lastIndexOf('.') + 1);

/** `v1.PodSpec` of `io.k8s.api.core.v1.PodSpec`. */
export const structTypeOf = (message: AnyMessage): string => message.name.split('.').slice(-2).join('.');

/** The Go type of a field. */
export const goFieldType = (owner: AnyMessage, field: string, type: FieldType): string =>
  NAMED_GO_TYPES.get(`${structNameOf(owner)}.${field}`) ?? NAMED_GO_TYPES.get(`${owner.name}.${field}`) ?? goTypeOf(type);

/** The Go type of a value, where it has no name of its own. */
export function goTypeOf(type: FieldType): string {
  switch (type.kind) {
    case 'scalar':
      return SCALAR_NAMES[type.scalar];
    case 'message':
      return structTypeOf(type.message);
    case 'list':
      return `[]${goTypeOf(type.items)}`;
    case 'map':
      return `map[string]${goTypeOf(type.values)}`;
  }
}

/** The Go type of the items of a list or the values of a map, given the name of the whole. */
export function elementTypeOf(whole: string, element: FieldType): string {
  const inner = /^(?:\[\]|map\[[^\]]*\])(.*)$/.exec(whole)?.[1];
  return inner ?? goTypeOf(element);
}
