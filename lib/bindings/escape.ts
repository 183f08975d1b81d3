/**
 * Makes text mean itself in Terraform, where `${` and `%{` begin a template (Terraform: "Strings and
 * Templates"). References that CDKTF has put into the text are left alone.
 */
export function escapeTemplate(text: string): string {
  return text.replace(/([$%])\{(?!TfToken\[)/g, (_, sign: string) => `${sign}${sign}{`);
}
