/** An application of which there is nothing but a job. */
export function work(n) {
  return JSON.parse(JSON.stringify({ n, items: Array.from({ length: 200 }, (_, place) => ({ place })) })).n;
}
