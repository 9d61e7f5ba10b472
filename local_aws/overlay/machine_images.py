"""Amazon Linux 2023 for arm64: MiniStack knows the public parameter and the image of x86_64 only.

AWS: https://docs.aws.amazon.com/linux/al2023/ug/ec2.html#launch-via-aws-cli ("al2023-ami-kernel-default-arm64").
"""

from typing import Any

from ministack.services import ec2, ssm

IMAGE_ID = "ami-0a2023a1b2c3d4e5f"
NAMES = ("al2023-ami-kernel-default-arm64", "al2023-ami-kernel-6.1-arm64", "al2023-ami-minimal-kernel-default-arm64")


def apply() -> None:
    """Publish the image and the parameters that name it."""
    for name in NAMES:
        ssm._PUBLIC_AMI_PARAMETERS[f"/aws/service/ami-amazon-linux-latest/{name}"] = IMAGE_ID
    ec2._STUB_AMIS.append(
        (
            IMAGE_ID,
            "al2023-ami-2023.6.20241010.0-kernel-6.1-arm64",
            "Amazon Linux 2023 AMI",
            "",
            "/dev/xvda",
            "137112412989",
            "amazon",
        )
    )
    view = ec2._stub_image_view

    def view_with_processor(image_id: str, *rest: Any) -> dict[str, Any]:
        return {**view(image_id, *rest), **({"Architecture": "arm64"} if image_id == IMAGE_ID else {})}

    ec2._stub_image_view = view_with_processor
