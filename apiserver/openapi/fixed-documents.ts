// What is told of paths that are no resources: the version, and how tokens of service accounts are checked.
import { versionInfo } from '../discovery/index.ts';
import { BEARER, INFO } from './documents.ts';
import { type Dialect, type JsonObject, REF_PREFIX } from './json-node.ts';

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

const VERSION_PATH = '/version/';
const UNAUTHORIZED = { '401': { description: 'Unauthorized' } };

/** What a document of its own, or a path of version 2, tells of. */
interface FixedPath {
  readonly path: string;
  readonly tag: string;
  readonly id: string;
  readonly description: string;
  readonly mediaType: string;
  readonly isText: boolean;
}

const VERSION: FixedPath = {
  path: VERSION_PATH,
  tag: 'version',
  id: 'getCodeVersion',
  description: 'get the version information for this server',
  mediaType: 'application/json',
  isText: false,
};
const OPENID: readonly FixedPath[] = [
  {
    path: '/.well-known/openid-configuration/',
    tag: 'WellKnown',
    id: 'getServiceAccountIssuerOpenIDConfiguration',
    description: 'get where tokens of service accounts come from, and where their keys are',
    mediaType: 'application/json',
    isText: true,
  },
  {
    path: '/openid/v1/jwks/',
    tag: 'openid',
    id: 'getServiceAccountIssuerOpenIDKeyset',
    description: 'get the keys that tokens of service accounts are checked with',
    mediaType: 'application/jwk-set+json',
    isText: true,
  },
];

const fixedPaths = (openid: boolean): readonly FixedPath[] => (openid ? [VERSION, ...OPENID] : [VERSION]);
const about = ({ tag, description, id }: FixedPath) => ({ tags: [tag], description, operationId: id });

/** The OpenAPI 3 documents of what is no resource, by name. @param openid whether others are told how to check tokens. */
export const fixedDocumentsV3 = (openid: boolean): ReadonlyMap<string, () => JsonObject> =>
  new Map(fixedPaths(openid).map((fixed) => [fixed.path.replace(/^\/|\/$/g, ''), () => documentV3(fixed)]));

function documentV3(fixed: FixedPath): JsonObject {
  const schema = fixed.isText ? { type: 'string' } : { $ref: `${REF_PREFIX.v3}${NAME}` };
  const answer = { description: 'OK', content: { [fixed.mediaType]: { schema } } };
  const get = { ...about(fixed), responses: { '200': answer, ...UNAUTHORIZED } };
  const schemas = fixed.isText ? {} : { schemas: { [NAME]: versionSchema('v3') } };
  return { openapi: '3.0.0', info: INFO, paths: { [fixed.path]: { get } }, components: { ...schemas, securitySchemes: BEARER } };
}

/** What an OpenAPI 2 document has of them. */
export function fixedPathsV2(openid: boolean): { readonly paths: Record<string, JsonObject>; readonly definitions: JsonObject } {
  const paths = fixedPaths(openid).map((fixed): [string, JsonObject] => {
    const schema = fixed.isText ? { type: 'string' } : { $ref: `${REF_PREFIX.v2}${NAME}` };
    const consumes = fixed.isText ? {} : { consumes: [fixed.mediaType] };
    const responses = { '200': { description: 'OK', schema }, ...UNAUTHORIZED };
    return [fixed.path, { get: { ...about(fixed), ...consumes, produces: [fixed.mediaType], schemes: ['https'], responses } }];
  });
  return { paths: Object.fromEntries(paths), definitions: { [NAME]: versionSchema('v2') } };
}

function versionSchema(dialect: Dialect): JsonObject {
  const properties = Object.keys(versionInfo())
    .sort()
    .map((name): [string, JsonObject] => [
      name,
      {
        ...(DESCRIPTIONS[name] === undefined ? {} : { description: DESCRIPTIONS[name] }),
        type: 'string',
        ...(ALWAYS.includes(name) && dialect === 'v3' ? { default: '' } : {}),
      },
    ]);
  return {
    description: "Info contains versioning information. how we'll want to distribute that information.",
    type: 'object',
    required: ALWAYS,
    properties: Object.fromEntries(properties),
  };
}
