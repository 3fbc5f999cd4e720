"""What the server sends, as frozen values. [pure]"""
