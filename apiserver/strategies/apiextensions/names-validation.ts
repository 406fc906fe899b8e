import { type CustomResourceDefinitionNames, type FieldError, fieldError, isDns1035Label } from '../../../api/index.ts';

const label = (path: string, value: string): FieldError[] => {
  const problems = isDns1035Label(value);
  return problems.length > 0 ? [fieldError.invalid(path, value, problems.join(','))] : [];
};

const optional = (path: string, value: string | undefined): FieldError[] => (value ? label(path, value) : []);

function kind(path: string, value: string | undefined): FieldError[] {
  const problems = value ? isDns1035Label(value.toLowerCase()) : [];
  const detail = `may have mixed case, but should otherwise match: ${problems.join(',')}`;
  return problems.length > 0 ? [fieldError.invalid(path, value, detail)] : [];
}

/** What is wrong with what a custom resource is called: upstream's `ValidateCustomResourceDefinitionNames`. */
export function validateNames(names: CustomResourceDefinitionNames, path: string): FieldError[] {
  return [
    ...optional(`${path}.plural`, names.plural),
    ...optional(`${path}.singular`, names.singular),
    ...kind(`${path}.kind`, names.kind),
    ...kind(`${path}.listKind`, names.listKind),
    ...(names.shortNames ?? []).flatMap((name, i) => label(`${path}.shortNames[${i}]`, name)),
    ...(names.kind && names.kind === names.listKind
      ? [fieldError.invalid(`${path}.listKind`, names.listKind, 'kind and listKind may not be the same')]
      : []),
    ...(names.categories ?? []).flatMap((name, i) => label(`${path}.categories[${i}]`, name)),
  ];
}

/** Names that a spec must have. */
export const validateRequiredNames = (names: CustomResourceDefinitionNames, path: string): FieldError[] =>
  (['plural', 'singular', 'kind', 'listKind'] as const).flatMap((name) => (names[name] ? [] : [fieldError.required(`${path}.${name}`)]));
