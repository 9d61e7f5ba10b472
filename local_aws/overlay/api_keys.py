"""API keys without a value of their own: AWS makes one up, MiniStack refuses the blank that Terraform sends.

AWS: https://docs.aws.amazon.com/apigateway/latest/api/API_CreateApiKey.html.
"""

from typing import Any

from ministack.services import apigateway_v1


def apply() -> None:
    """Take a blank value for none."""
    create = apigateway_v1._create_api_key

    def create_with_made_up_value(data: dict[str, Any]) -> Any:
        return create({name: value for name, value in data.items() if name != "value" or value})

    apigateway_v1._create_api_key = create_with_made_up_value
