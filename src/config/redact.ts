/**
 * Takes the passwords of URLs out of a text. What looks like one is taken out
 * up to the last `@` of the word, as a password may hold any character.
 */
export function redact(text: string): string {
  return text
    .replaceAll(/(?<head>[a-z][a-z0-9+.-]*:\/\/[^\s/?#:@"]*):[^\s"]*@/gi, "$<head>:***@")
    .replaceAll(
      /(?<head>[?&](?:password|passwd|pass|pwd|token|secret|auth|key|store)=)[^&\s"]*/gi,
      "$<head>***",
    );
}
