// Custom resources in OpenAPI: upstream's `pkg/controller/openapi/builder` (apiextensions-apiserver).
import type { KindInfo } from '../../api/index.ts';
import type { PublishedKind } from '../openapi/index.ts';
import type { CrdVersion } from './definition.ts';
import type { CustomSchema } from './schema/index.ts';

/** One version as OpenAPI tells of it. */
export const publishedKind = (info: KindInfo, version: CrdVersion, schema: CustomSchema): PublishedKind => ({
  info,
  message: {
    name: definitionName(info),
    selectable: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, '')),
    schema: (dialect) => (dialect === 'v2' ? schema.openApiV2() : schema.openApiV3()),
  },
});

/** `com.example.stable.v1.CronTab`. */
const definitionName = ({ group, version, kind }: KindInfo): string => `${group.split('.').reverse().join('.')}.${version}.${kind}`;
