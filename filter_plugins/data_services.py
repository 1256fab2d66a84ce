"""What differs between the data services that run on a host and those that the inventory describes."""

from __future__ import annotations


def data_service_differences(found: list[dict], wanted: dict, network: str) -> list[str]:
    """Return one sentence for each difference.

    ``found`` are the results of `docker_host_info` for each service ({item: name, containers: [...]}), ``wanted`` is
    {name: {image}}.
    """
    return [
        sentence
        for result in found
        for container in result["containers"]
        for sentence in _differences(result["item"], container, wanted[result["item"]], network)
    ]


def _differences(name: str, container: dict, wanted: dict, network: str) -> list[str]:
    known = container["Names"][0].lstrip("/")
    differences = []
    if container["State"] != "running":
        differences.append(
            f"Container {known} of {name} is {container['State']}; it has to run (docker start {known})."
        )
    if container["Image"] != wanted["image"]:
        differences.append(
            f"Container {known} of {name} runs {container['Image']}; the inventory says {wanted['image']}. Data "
            "services that exist are never changed from here: correct the inventory."
        )
    if network not in container["NetworkSettings"]["Networks"]:
        differences.append(
            f"Container {known} of {name} is not on network {network}, where the releases look for it."
        )
    return differences


class FilterModule:
    """Filters of the role data_services."""

    def filters(self) -> dict:
        return {"data_service_differences": data_service_differences}
