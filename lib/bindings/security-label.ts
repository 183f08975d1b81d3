/**
 * Stylesheet that says in a domain's XML what confines it, for which provider 0.8.3 has no attribute (libvirt,
 * formatdomain.html, "Security label"). Without a model libvirt takes the hypervisor's first one.
 *
 * @param label a model that is required, or `none`
 */
export function securityLabelStylesheet(label: 'apparmor' | 'selinux' | 'none'): string {
  const element =
    label === 'none' ? '<seclabel type="none"/>' : `<seclabel type="dynamic" model="${label}"/>`;
  return `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output omit-xml-declaration="yes"/>
  <xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>
  <xsl:template match="/domain"><xsl:copy><xsl:apply-templates select="@*|node()"/>
    ${element}
  </xsl:copy></xsl:template>
</xsl:stylesheet>
`;
}
