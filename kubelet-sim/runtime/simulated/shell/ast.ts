/** The shell's syntax tree. Texts are byte strings. */

/** A part of a word. Quoted parts are neither split nor matched against files. */
export type WordPart =
  | { readonly type: 'text'; readonly text: string; readonly quoted: boolean }
  | {
      readonly type: 'parameter';
      readonly name: string;
      readonly operation?: ParameterOperation | undefined;
      readonly index?: ArrayIndex | undefined;
      /** `${!name}`: the parameter whose name this one has. */
      readonly isIndirect?: boolean | undefined;
      readonly quoted: boolean;
    }
  | { readonly type: 'length'; readonly name: string; readonly index?: ArrayIndex | undefined; readonly quoted: boolean }
  /** `${!name[@]}` */
  | { readonly type: 'keys'; readonly name: string; readonly quoted: boolean }
  | { readonly type: 'command'; readonly script: Script; readonly quoted: boolean }
  | { readonly type: 'arithmetic'; readonly expression: Word; readonly quoted: boolean };

/** Which element of one of bash's arrays: all of them, or the one that a word names. */
export type ArrayIndex = '@' | '*' | Word;

/** What follows the name in `${name…}`: `:-`, `%%`, `//` … with its word or words. */
export interface ParameterOperation {
  readonly operator: string;
  readonly word: Word;
  /** The replacement of `/`, the length of `:`. */
  readonly second?: Word | undefined;
}

export type Word = readonly WordPart[];

export interface Redirect {
  readonly fd: number;
  readonly operator: '<' | '>' | '>>' | '>|' | '<&' | '>&' | '&>' | '<<' | '<<<' | '<>';
  /** The file, the other descriptor, or the text of a here-document. */
  readonly target: Word;
}

export interface Assignment {
  readonly name: string;
  readonly value: Word;
  readonly append: boolean;
  /** `name[index]=value` */
  readonly index?: Word | undefined;
  /** `name=(value [index]=value …)` */
  readonly elements?: readonly ArrayElement[] | undefined;
}

export interface ArrayElement {
  readonly index?: Word | undefined;
  readonly value: Word;
}

export type Command =
  | {
      readonly type: 'simple';
      readonly assignments: readonly Assignment[];
      /** Arrays among the operands of `declare` and its like. */
      readonly arrays?: readonly Assignment[] | undefined;
      readonly words: readonly Word[];
      readonly redirects: readonly Redirect[];
    }
  | { readonly type: 'group'; readonly body: Script; readonly redirects: readonly Redirect[] }
  | { readonly type: 'subshell'; readonly body: Script; readonly redirects: readonly Redirect[] }
  | {
      readonly type: 'if';
      readonly branches: readonly { readonly test: Script; readonly body: Script }[];
      readonly otherwise: Script | undefined;
      readonly redirects: readonly Redirect[];
    }
  | {
      readonly type: 'loop';
      readonly test: Script;
      readonly until: boolean;
      readonly body: Script;
      /** The third part of `for ((…; …; …))`. */
      readonly update?: Script | undefined;
      readonly redirects: readonly Redirect[];
    }
  | {
      readonly type: 'for';
      readonly name: string;
      readonly words: readonly Word[] | undefined;
      readonly body: Script;
      readonly redirects: readonly Redirect[];
    }
  | { readonly type: 'case'; readonly subject: Word; readonly arms: readonly CaseArm[]; readonly redirects: readonly Redirect[] }
  | { readonly type: 'function'; readonly name: string; readonly body: Command; readonly redirects: readonly Redirect[] };

export interface CaseArm {
  readonly patterns: readonly Word[];
  readonly body: Script;
}

export interface Pipeline {
  readonly negated: boolean;
  readonly commands: readonly Command[];
}

/** Pipelines joined by `&&` and `||`. */
export interface AndOr {
  readonly first: Pipeline;
  readonly rest: readonly { readonly operator: '&&' | '||'; readonly pipeline: Pipeline }[];
  readonly background: boolean;
}

export type Script = readonly AndOr[];
