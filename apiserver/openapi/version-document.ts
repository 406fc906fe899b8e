import { GIT_VERSION, versionInfo } from '../discovery/index.ts';
import { type JsonObject, REF_PREFIX } from './json-node.ts';

const NAME = 'io.k8s.apimachinery.pkg.version.Info';
const ALWAYS = ['major', 'minor', 'gitVersion', 'gitCommit', 'gitTreeState', 'buildDate', 'goVersion', 'compiler', 'platform'];
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  major: 'Major is the major version of the binary version',
  minor: 'Minor is the minor version of the binary version',
  emulationMajor: 'EmulationMajor is the major version of the emulation version',
  emulationMinor: 'EmulationMinor is the minor version of the emulation version',
  minCompatibilityMajor: 'MinCompatibilityMajor is the major version of the minimum compatibility version',
  minCompatibilityMinor: 'MinCompatibilityMinor is the minor version of the minimum compatibility version',
};

/** The OpenAPI 3 document of `/version`. */
export function versionDocument(securitySchemes: JsonObject): JsonObject {
  const properties = Object.keys(versionInfo())
    .sort()
    .map((name): [string, JsonObject] => [
      name,
      {
        ...(DESCRIPTIONS[name] === undefined ? {} : { description: DESCRIPTIONS[name] }),
        type: 'string',
        ...(ALWAYS.includes(name) ? { default: '' } : {}),
      },
    ]);
  const schema = {
    description: "Info contains versioning information. how we'll want to distribute that information.",
    type: 'object',
    required: ALWAYS,
    properties: Object.fromEntries(properties),
  };
  const answer = { description: 'OK', content: { 'application/json': { schema: { $ref: `${REF_PREFIX.v3}${NAME}` } } } };
  const get = {
    tags: ['version'],
    description: 'get the version information for this server',
    operationId: 'getCodeVersion',
    responses: { '200': answer, '401': { description: 'Unauthorized' } },
  };
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: GIT_VERSION },
    paths: { '/version/': { get } },
    components: { schemas: { [NAME]: schema }, securitySchemes },
  };
}
