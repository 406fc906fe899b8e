import { describe, expect, it } from 'vitest';
import { KUBERNETES_FEATURES } from '../runtime/index.ts';
import { featureGates } from './feature-gates.ts';

describe('--feature-gates', () => {
  it.each<readonly [readonly string[], boolean]>([
    [[], false],
    [['MutatingAdmissionPolicy=true'], true],
    [['MutatingAdmissionPolicy=1'], true],
    [['kube:MutatingAdmissionPolicy=true'], true],
    [['MutatingAdmissionPolicy=true', 'MutatingAdmissionPolicy=false'], false],
    [['AllBeta=true'], true],
    [['AllAlpha=true'], false],
    [['AllBeta=true', 'MutatingAdmissionPolicy=false'], false],
    // What it is by default, even where it is locked, is no wish for another thing.
    [['WatchList=true', 'NodeSwap=true', 'KMSv1=false', 'StorageVersionAPI=false', 'DynamicResourceAllocation=true', ''], false],
  ])('%j', (entries, isOn) => {
    expect(featureGates(entries).on.has('MutatingAdmissionPolicy')).toBe(isOn);
  });

  // What of these upstream says too, it says in these words (component-base, featuregate/feature_gate_test.go).
  it.each([
    [['Nothing=true'], 'unrecognized feature gate: Nothing'],
    [['nodeSwap=true'], 'unrecognized feature gate: nodeSwap'],
    [['SidecarContainers=false'], 'cannot set feature gate SidecarContainers to false, feature is locked to true'],
    [
      ['WatchFromStorageWithoutResourceVersion=true'],
      'cannot set feature gate WatchFromStorageWithoutResourceVersion to true, feature is locked to false',
    ],
    [['AllBeta'], 'missing bool value for AllBeta'],
    [['AllBeta=maybe'], 'invalid value of AllBeta=maybe, err: strconv.ParseBool: parsing "maybe": invalid syntax'],
    [['AllBeta='], 'invalid value of AllBeta=, err: strconv.ParseBool: parsing "": invalid syntax'],
    [['wardle:AllBeta=true'], 'component not registered: wardle'],
    [
      ['kube:AllBeta=true', 'WatchList=true'],
      'set kube feature gates with default empty prefix or kube: prefix consistently, do not mix use',
    ],
    [['HPAScaleToZero=true'], 'HPAScaleToZero cannot be turned on here: it is off, as Kubernetes 1.34 has it by default'],
    [['WatchList=false'], 'WatchList cannot be turned off here: it is on, as Kubernetes 1.34 has it by default'],
  ])('%j is refused', (entries, why) => {
    expect(() => featureGates(entries)).toThrow(`option --feature-gates: ${why}`);
  });

  it.each([
    [['MutatingAdmissionPolicy=true', 'SchedulerAsyncPreemption=true'], []],
    [['SchedulerAsyncPreemption=false'], [{ gate: 'SchedulerAsyncPreemption', why: 'no client of the API server could tell' }]],
    [['AllAlpha=true'], [{ gate: 'AllAlpha', why: 'it turns MutatingAdmissionPolicy, if that is so far, and no other features' }]],
  ])('%j: what is not followed is told', (entries, told) => {
    expect(featureGates(entries).unheeded).toEqual(told);
  });

  it('tells of all features as they are here', () => {
    const { all } = featureGates(['AllAlpha=true', 'MutatingAdmissionPolicy=true', 'ContextualLogging=false']);
    expect(all.size).toBe(KUBERNETES_FEATURES.size + 2);
    expect(all.get('AllAlpha')).toEqual({ stage: 'ALPHA', isOn: true });
    expect(all.get('AllBeta')).toEqual({ stage: 'BETA', isOn: false });
    expect(all.get('HPAScaleToZero')).toEqual({ stage: 'ALPHA', isOn: false });
    expect(all.get('MutatingAdmissionPolicy')).toEqual({ stage: 'BETA', isOn: true });
    expect(all.get('ContextualLogging')).toEqual({ stage: 'BETA', isOn: false });
    expect(all.get('NodeSwap')).toEqual({ stage: '', isOn: true });
    expect(all.get('KMSv1')).toEqual({ stage: 'DEPRECATED', isOn: false });
  });
});
