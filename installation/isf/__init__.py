"""Scenes of your own: fragment shaders in ISF form (https://github.com/mrRay/ISF_Spec), found and read."""
