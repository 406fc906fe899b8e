import { expect, it } from 'vitest';
import { appsKinds } from '../../api/index.ts';
import { answeringClient } from '../testing/answering-client.ts';
import { Scales } from './scales.ts';

const answering = (status: object) =>
  answeringClient(() => Promise.resolve({ status: 200, headers: {}, body: Buffer.from(JSON.stringify({ spec: {}, status })) }));

it('a scale whose selector is none cannot be had', async () => {
  const scales = new Scales(answering({ selector: 'a in b' }));
  await expect(scales.get(appsKinds.deployments, 'default', 'web')).rejects.toThrow(
    "received an object from a /scale endpoint which was not convertible to autoscaling Scale: failed to parse target selector: couldn't parse the selector string \"a in b\": unable to parse requirement: found 'b' expected: '('",
  );
  expect(await new Scales(answering({})).get(appsKinds.deployments, 'default', 'web')).toEqual({ spec: {}, status: {} });
});
