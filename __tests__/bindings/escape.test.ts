import { escapeTemplate } from '../../lib/bindings/escape';

it('doubles the sign of every template, and leaves references of CDKTF alone', () => {
  expect(escapeTemplate('${a} %{ if x } $$ $5 ${TfToken[1]}')).toBe('$${a} %%{ if x } $$ $5 ${TfToken[1]}');
});
