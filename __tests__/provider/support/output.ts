/** What Terraform printed, without its frames and line breaks, which depend on the width. */
export const flatten = (output: string) => output.replace(/[\s│╷╵]+/g, ' ');
