import { DecodeError, type Message } from '../../api/schema.ts';
export const decodeProtobuf = (_: Buffer): { apiVersion: string; kind: string; decode<T>(message: Message<T>): T } => {
  throw new DecodeError('protobuf');
};
export const encodeProtobuf = (_m: Message, _o: unknown, _e: { apiVersion: string; kind: string }): Buffer => {
  throw new DecodeError('protobuf');
};
export const parseYaml = (_: string): unknown => {
  throw new SyntaxError('yaml');
};
export const duplicateYamlKeys = (_: string): string[] => [];
export const stringifyYaml = (v: unknown): string => JSON.stringify(v);
