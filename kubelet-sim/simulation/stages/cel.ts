import type { KubeObject } from '../../../api/index.ts';
import { TemplateError } from './template-error.ts';

/** Makes of an expression over `self` what it says of an object; undefined where it says nothing. @throws TemplateError */
export type CelReader = (expression: string) => (object: KubeObject) => unknown;

/** CEL as Kubernetes has it, loaded when the first stage needs it. */
export async function loadCel(): Promise<CelReader> {
  const { CelError, celTypes, compileExpression, dynamicValue, ExpressionError, NativeValueError, nativeValue } = await import(
    '../../../api/cel.ts'
  );
  const variables = new Map([['self', celTypes.DYN]]);
  const compile = (expression: string) => {
    try {
      return compileExpression(expression, { variables });
    } catch (error) {
      if (error instanceof ExpressionError) throw new TemplateError(`"${expression}": ${error.message}`);
      throw error;
    }
  };
  return (expression) => {
    const compiled = compile(expression);
    return (object) => {
      const { result } = compiled.run((name) => (name === 'self' ? dynamicValue(object) : undefined));
      if (result instanceof CelError) return undefined;
      try {
        return nativeValue(result);
      } catch (error) {
        if (error instanceof NativeValueError) return undefined;
        throw error;
      }
    };
  };
}
