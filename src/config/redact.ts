/**
 * Takes the passwords of URLs out of a text. What looks like one is taken out
 * up to the last `@` of the word, as a password may hold any character. `USER:PASSWORD@HOST`, as advice has it, stays.
 */
export function redact(text: string): string {
  return text
    .replaceAll(
      /(?<head>[a-zA-Z][a-zA-Z0-9+.-]*:\/\/(?!USER:PASSWORD@HOST[^\s"@]*(?:[\s"]|$))[^\s/?#:@"]*):[^\s"]*@/g,
      "$<head>:***@",
    )
    .replaceAll(
      /(?<head>[?&](?:password|passwd|pass|pwd|token|secret|auth|key|store)=)[^&\s"]*/gi,
      "$<head>***",
    );
}
