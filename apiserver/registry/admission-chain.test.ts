import { describe, expect, it } from 'vitest';
import { coreKinds, type KubeObject } from '../../api/index.ts';
import { VirtualClock } from '../../runtime/index.ts';
import { AdmissionMetrics } from '../admission/metrics.ts';
import { type AdmissionAttributes, type AdmissionPlugin, admissionAttributes } from '../admission/plugin.ts';
import { Reinvocation } from '../admission/reinvocation.ts';
import { contextOf } from '../strategies/testing/harness.ts';
import { AdmissionChain } from './admission-chain.ts';

const { context } = contextOf();
const attributes = (object: KubeObject = { metadata: { name: 'a' } }): AdmissionAttributes =>
  admissionAttributes(context, {
    operation: 'CREATE',
    kind: coreKinds.pods,
    namespace: 'ns',
    name: 'a',
    subresource: '',
    object,
    old: undefined,
  });

const plugin = (name: string, admit: NonNullable<AdmissionPlugin['admit']>): AdmissionPlugin => ({ name, admit });

describe('the admission chain', () => {
  it('calls plugins one after the other, until one refuses', async () => {
    const calls: string[] = [];
    const note = (name: string) => plugin(name, () => void calls.push(name));
    const late = plugin('late', async () => {
      await Promise.resolve();
      calls.push('late');
    });
    const refusing = plugin('no', () => {
      throw new Error('no');
    });
    await expect(new AdmissionChain([note('a'), late, note('b'), refusing, note('c')]).admit(context, attributes())).rejects.toThrow('no');
    expect(calls).toEqual(['a', 'late', 'b']);
  });

  it('calls them again, once, when one of them asks for it', async () => {
    const rounds: number[] = [];
    const asking = plugin('x', (_, asked) => {
      asked.reinvocation ??= new Reinvocation();
      rounds.push(asked.reinvocation.round);
      asked.reinvocation.want();
    });
    const validate: AdmissionPlugin = { name: 'y', validate: () => void rounds.push(-1) };
    const chain = new AdmissionChain([asking, validate]);
    const asked = attributes();
    await chain.admit(context, asked);
    await chain.validate(context, asked);
    expect(rounds).toEqual([0, 1, -1]);
  });

  it('measures plugins, together and alone', async () => {
    const clock = new VirtualClock();
    const metrics = new AdmissionMetrics(clock);
    const slow = plugin('slow', async () => {
      await Promise.resolve();
      await clock.advance(2000);
    });
    const no = plugin('no', () => {
      throw new Error('no');
    });
    const quick = (name: string) => plugin(name, () => undefined);
    await new AdmissionChain([quick('a'), slow, quick('b')], metrics).admit(context, attributes());
    await expect(new AdmissionChain([quick('a'), no], metrics).admit(context, attributes())).rejects.toThrow('no');
    const lines = metrics.text().split('\n');
    const labels = (name: string, rejected: boolean) => `{name="${name}",type="admit",operation="CREATE",rejected="${rejected}"}`;
    const family = 'apiserver_admission_controller_admission_duration_seconds';
    expect(lines).toContain(`${family}_count${labels('a', false)} 2`);
    expect(lines).toContain(`${family}_sum${labels('slow', false)} 2`);
    expect(lines).toContain(`${family}_sum${labels('b', false)} 0`);
    expect(lines).toContain(`${family}_count${labels('no', true)} 1`);
    expect(lines).toContain('apiserver_admission_step_admission_duration_seconds_sum{type="admit",operation="CREATE",rejected="false"} 2');
    expect(lines).toContain('apiserver_admission_step_admission_duration_seconds_count{type="admit",operation="CREATE",rejected="true"} 1');
  });
});
