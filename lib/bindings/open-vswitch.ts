/** A port of an Open vSwitch bridge. */
export interface OpenVswitchPort {
  readonly trunk: boolean;
  /** VLAN ids; none for a port that passes on every frame. */
  readonly tags: readonly number[];
  /** VLAN of frames without a tag, on a trunk. */
  readonly native?: number;
}

/** Stylesheet that adds what provider 0.8.3 has no attributes for to a network's XML (libvirt, formatnetwork.html). */
export function openVswitchStylesheet({ trunk, tags, native }: OpenVswitchPort): string {
  const tag = (id: number): string =>
    `<tag id="${id}"${trunk && id === native ? ' nativeMode="untagged"' : ''}/>`;
  const vlan =
    tags.length === 0 ? '' : `\n    <vlan${trunk ? ' trunk="yes"' : ''}>${tags.map(tag).join('')}</vlan>`;
  return `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output omit-xml-declaration="yes"/>
  <xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>
  <xsl:template match="/network"><xsl:copy><xsl:apply-templates select="@*|node()"/>
    <virtualport type="openvswitch"/>${vlan}
  </xsl:copy></xsl:template>
</xsl:stylesheet>
`;
}
