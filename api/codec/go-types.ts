// The names that Go gives types, for the messages of its decoder.
import type { FieldType, ScalarType } from '../schema/field.ts';
import type { AnyMessage } from '../schema/message.ts';

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

/** The Go type of a field; types of their own that are strings or maps underneath are named as such. */
export function goTypeOf(_owner: AnyMessage | undefined, _field: string, type: FieldType): string {
  switch (type.kind) {
    case 'scalar':
      return SCALAR_NAMES[type.scalar];
    case 'message':
      return type.message.name.split('.').slice(-2).join('.');
    case 'list':
      return `[]${goTypeOf(undefined, '', type.items)}`;
    case 'map':
      return `map[string]${goTypeOf(undefined, '', type.values)}`;
  }
}
