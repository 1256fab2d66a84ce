"""The edge's files with and without a certificate, as the role's own defaults render them."""

from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from project_files import Role

ROLE = Role("edge")
TLS_BIND = "bind :8443 ssl crt /etc/haproxy/tls/app.pem alpn h2,http/1.1"
CERTIFICATE = {"edge_tls_certificate": "/etc/haproxy/tls/app.pem"}


def rendered(template: str, **variables: str) -> list[str]:
    """Lines of a template of the role."""
    given = {"ansible_managed": "", "edge_image": "edge:1", "edge_root": "/srv/edge"}
    text = trust_as_template((ROLE.path / "templates" / template).read_text())
    templar = Templar(DataLoader(), variables={**ROLE.defaults, **ROLE.constants, **given, **variables})
    return [line.strip() for line in templar.template(text).splitlines()]


@pytest.mark.parametrize(("variables", "binds"), [({}, []), (CERTIFICATE, [TLS_BIND])])
def test_haproxy_listens_with_the_certificate_that_there_is(variables, binds):
    lines = rendered("haproxy.cfg.j2", **variables)
    assert [line for line in lines if line.startswith("bind") and "ssl" in line] == binds
    assert "bind :8080" in lines


@pytest.mark.parametrize(("variables", "published"), [({}, False), (CERTIFICATE, True)])
def test_its_port_is_published_with_a_certificate_alone(variables, published):
    assert ('- "443:8443"' in rendered("docker-compose.yml.j2", **variables)) is published
