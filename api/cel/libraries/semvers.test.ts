// Semantic versions, each function with what it gives (apiserver, `pkg/cel/library/semverlib.go`).
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../testing/outcomes.ts';

type Case = readonly [expression: string, outcome: string];

const VERSIONS: readonly Case[] = [
  ["isSemver('1.2.3')", 'true'],
  ["isSemver('1.2.3-alpha.1+build.5')", 'true'],
  ["isSemver('v1.2.3')", 'false'],
  ["isSemver('1.2')", 'false'],
  ["isSemver('01.2.3')", 'false'],
  ["isSemver('v1.2', true)", 'true'],
  ["isSemver('01.2.3', true)", 'true'],
  ["isSemver('1.2-alpha', true)", 'false'],
  ["semver('1.2.3').major()", '1'],
  ["semver('1.2.3').minor()", '2'],
  ["semver('1.2.3').patch()", '3'],
  ["semver('v1', true).minor()", '0'],
  ["semver('1.2.3').isLessThan(semver('1.10.0'))", 'true'],
  ["semver('1.2.3-alpha').isLessThan(semver('1.2.3'))", 'true'],
  ["semver('1.2.3-alpha.1').isLessThan(semver('1.2.3-alpha.beta'))", 'true'],
  ["semver('1.2.3-alpha').isLessThan(semver('1.2.3-alpha.1'))", 'true'],
  ["semver('1.2.3-2').isLessThan(semver('1.2.3-10'))", 'true'],
  ["semver('1.2.3').isGreaterThan(semver('1.2.2'))", 'true'],
  ["semver('1.2.3').compareTo(semver('1.2.3'))", '0'],
  ["semver('1.2.3+a') == semver('1.2.3+b')", 'true'],
  ["semver('1.2.3').compareTo(semver('2.0.0'))", '-1'],
  ["semver('')", 'error: Version string empty'],
  ["semver('1.2')", 'error: No Major.Minor.Patch elements found'],
  ["semver('1.x.3')", 'error: Invalid character(s) found in minor number "x"'],
  ["semver('1.02.3')", 'error: Minor number must not contain leading zeroes "02"'],
  ["semver('1.2.3-')", 'error: Prerelease is empty'],
  ["semver('1.2.3-01')", 'error: Numeric PreRelease version must not contain leading zeroes "01"'],
  ["semver('1.2.3-a_b')", 'error: Invalid character(s) found in prerelease "a_b"'],
  ["semver('1.2.3+')", 'error: Build meta data is empty'],
  ["semver('1.2.3+a_b')", 'error: Invalid character(s) found in build meta data "a_b"'],
  ["semver('99999999999999999999.0.0')", 'error: strconv.ParseUint: parsing "99999999999999999999": value out of range'],
  ["semver('1.2-alpha', true)", 'error: short version cannot contain PreRelease/Build meta data'],
];

describe('versions', () => {
  it.each(VERSIONS)('%s gives %s', (expression, outcome) => {
    expect(outcomeOf(expression)).toBe(outcome);
  });
});
