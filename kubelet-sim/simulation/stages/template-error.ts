/** A template, or a query, that makes no sense. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}
