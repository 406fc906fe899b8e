// Numbers with a check digit.

const CREDIT_CARD =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/;

/** A credit card's number, with whatever between its digits. */
export function isCreditCard(text: string): boolean {
  const number = text.replace(/[^0-9]+/g, '');
  if (!CREDIT_CARD.test(number)) return false;
  const sum = [...number].reverse().reduce((total, digit, i) => total + luhn(Number(digit), i % 2 === 1), 0);
  return sum % 10 === 0;
}

const luhn = (digit: number, isDoubled: boolean): number => (isDoubled ? (digit >= 5 ? digit * 2 - 9 : digit * 2) : digit);

const withoutSpaces = (text: string): string => text.replace(/[\s-]+/g, '');

export function isIsbn10(text: string): boolean {
  const number = withoutSpaces(text);
  if (!/^(?:[0-9]{9}X|[0-9]{10})$/.test(number)) return false;
  const sum = [...number].reduce((total, digit, i) => total + (i + 1) * (digit === 'X' ? 10 : Number(digit)), 0);
  return sum % 11 === 0;
}

export function isIsbn13(text: string): boolean {
  const number = withoutSpaces(text);
  if (!/^[0-9]{13}$/.test(number)) return false;
  const digits = [...number].map(Number);
  const sum = digits.slice(0, 12).reduce((total, digit, i) => total + (i % 2 === 0 ? 1 : 3) * digit, 0);
  return digits[12] === (10 - (sum % 10)) % 10;
}
