// Kinds that are questions: posted, answered, never stored.
export type { ReviewContext } from './review.ts';
export { createReviews, type Review, type ReviewOptions } from './reviews.ts';
